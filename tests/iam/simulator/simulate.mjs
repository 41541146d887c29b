// Reads a JSON array of {statements, action, resource, account, context}; writes what each is answered, as an array.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

// What a KMS key has unless somebody says otherwise: the account's IAM policies decide ("Default key policy").
const keyPolicy = (account) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }],
})

const answers = []
for (const asked of JSON.parse(readFileSync(0, 'utf8'))) {
  const answer = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${asked.account}:role/asking`,
        action: asked.action,
        resource: { resource: asked.resource, accountId: asked.resourceAccount },
        contextVariables: asked.context,
      },
      identityPolicies: [{ name: 'own', policy: { Version: '2012-10-17', Statement: asked.statements } }],
      resourcePolicy: asked.action.startsWith('kms:') ? keyPolicy(asked.resourceAccount) : undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  answers.push(answer.resultType === 'error' ? `error: ${JSON.stringify(answer.errors)}` : answer.overallResult)
}
process.stdout.write(JSON.stringify(answers))
