// Evaluates requests against IAM policies. JSON on stdin and stdout; evaluator.py says what is in it.
import { runSimulation } from '@cloud-copilot/iam-simulate'

// The evaluator drops condition keys that AWS does not define for an action, and takes those with
// the name of an encryption context for such. As a tag of the principal, which is text too, they
// are compared.
const readable = (value) =>
  JSON.parse(JSON.stringify(value).replaceAll('"kms:EncryptionContext:', '"aws:PrincipalTag/'))

// A policy of which a mutation left nothing is none.
const isNotEmpty = (policy) => policy?.Statement.length > 0

async function answerOf(request, policies) {
  const answer = await runSimulation(
    {
      request: {
        principal: request.principal,
        action: request.action,
        resource: { resource: request.resource, accountId: request.account },
        contextVariables: request.context,
      },
      identityPolicies: request.identity
        .map((name) => ({ name, policy: policies[name] }))
        .filter(({ policy }) => isNotEmpty(policy)),
      resourcePolicy: [policies[request.resourcePolicy]].find(isNotEmpty),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  if (answer.resultType === 'error') return { problem: JSON.stringify(answer.errors) }
  const ignored = answer.result?.ignoredContextKeys ?? []
  if (ignored.length) return { problem: `AWS does not define the condition keys ${ignored}` }
  return { allowed: answer.overallResult === 'Allowed' }
}

function concerns({ policy, actions }, request) {
  return (
    (request.identity.includes(policy) || request.resourcePolicy === policy) &&
    actions.some((action) => action.includes('*') || action === request.action)
  )
}

async function isNeeded(mutation, requests, policies, answers) {
  const without = { ...policies, [mutation.policy]: mutation.document }
  const concerned = [...requests.keys()].filter(
    (index) => !answers[index].problem && concerns(mutation, requests[index]),
  )
  // Most mutations take an action away, which changes the answer to an allowed request first.
  concerned.sort((one, other) => answers[other].allowed - answers[one].allowed)
  for (const index of concerned) {
    const { allowed, problem } = await answerOf(requests[index], without)
    if (problem) throw new Error(`${mutation.what}: ${problem}`)
    if (allowed !== answers[index].allowed) return true
  }
  return false
}

let input = ''
for await (const chunk of process.stdin) input += chunk
const { policies, requests, mutations } = readable(JSON.parse(input))

const answers = []
for (const request of requests) answers.push(await answerOf(request, policies))
const needed = []
for (const mutation of mutations) {
  needed.push(await isNeeded(mutation, requests, policies, answers))
}
process.stdout.write(JSON.stringify({ answers, needed }))
