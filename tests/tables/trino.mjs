// Parses statements with the grammar of Trino, which is Amazon Athena's. JSON on stdin and stdout.
import { registerHooks } from 'node:module'

// The package imports its files without extension, and folders.
registerHooks({
  resolve(specifier, context, next) {
    for (const end of ['', '.js', '/index.js']) {
      try {
        return next(specifier + end, context)
      } catch (error) {
        if (!['ERR_MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT'].includes(error.code)) throw error
      }
    }
    return next(specifier, context)
  },
})
const { TrinoSQL } = await import('dt-sql-parser/dist/parser/trino/index.js')

let input = ''
for await (const chunk of process.stdin) input += chunk
const parser = new TrinoSQL()
const faults = JSON.parse(input).map((sql) => parser.validate(sql).map(({ message }) => message))
process.stdout.write(JSON.stringify(faults))
