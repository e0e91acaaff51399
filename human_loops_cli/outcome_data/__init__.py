"""The outcomes of files, of objects in S3 and of an archive, as the two flat tables."""
