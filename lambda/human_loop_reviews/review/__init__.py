"""How answers are compared with the prediction and with each other, whatever the task type."""
