/** `explain session`: why a session is where it is, or nowhere. */
import { defineCommand } from '../command.ts'
import { explain } from '../explain/explanation.ts'
import { readSnapshot } from '../explain/snapshot.ts'
import { explanationText } from '../explain/text.ts'
import { onlyArgument } from '../target.ts'
import { asJson } from '../terminal.ts'

export const explainSession = defineCommand({
  name: 'explain session',
  arguments: 'NAME',
  summary: 'say why a session is where it is, or nowhere, and what to do about it',
  details: `Puts together what is known in different places: its conditions, its placement and why it came there, the process
that holds it (from the database, if that can be reached), its worker's health, tenant, tier and quota, and what happened
in the last hour.`,
  examples: [
    ['explain session support', 'why is it not connected?'],
    ['explain session acme.support --json', 'the same, for programs'],
  ],
  options: {},
  async run(call) {
    const name = onlyArgument(call.args, 'session', 'explain session')
    const now = new Date()
    const explanation = explain(await readSnapshot(call, name), now)
    call.terminal.print(call.values.json ? asJson(explanation) : explanationText(explanation, now))
  },
})
