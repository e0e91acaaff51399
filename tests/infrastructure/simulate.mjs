// Decides requests with the policy evaluator. Simulations come as JSON on standard input.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const simulations = JSON.parse(readFileSync(0, 'utf8'))
const results = []
for (const simulation of simulations) {
  results.push(await runSimulation(simulation, {}))
}
process.stdout.write(
  JSON.stringify(
    results.map(({ errors, overallResult, result }) => ({
      errors,
      overallResult,
      ignoredContextKeys: result?.ignoredContextKeys
    }))
  )
)
