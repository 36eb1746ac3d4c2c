/** `keys revoke`: an API key opens no door any more. */
import { defineCommand } from '../command.ts'
import { UsageError } from '../error.ts'
import { onlyArgument } from '../target.ts'
import { asJson } from '../terminal.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export const keysRevoke = defineCommand({
  name: 'keys revoke',
  arguments: 'ID',
  summary: 'take an API key back, for good',
  details: 'The gateway may take it for up to 30 seconds more.',
  examples: [['keys revoke 0f5c…', 'the id is the one of keys list']],
  options: {},
  async run({ args, values, terminal, withKeys }) {
    const id = onlyArgument(args, 'id', 'keys revoke')
    if (!UUID.test(id)) throw new UsageError(`"${id}" is not the id of a key; keys list shows them.`, 'keys revoke')
    const isNew = await withKeys((keys) => keys.revoke(id))
    if (values.json) return terminal.print(asJson({ id, revoked: true }))
    terminal.print(isNew ? `key ${id} revoked` : `key ${id} was revoked before`)
  },
})
