/** `keys create`: a new API key of a tenant. */
import { defineCommand } from '../command.ts'
import { onlyArgument } from '../target.ts'
import { asJson } from '../terminal.ts'

export const keysCreate = defineCommand({
  name: 'keys create',
  arguments: 'TENANT',
  summary: 'make an API key for a tenant',
  details: 'The key is printed once and kept nowhere: only its hash is stored.',
  examples: [
    ['keys create demo --name "shop backend"', 'a key with a name to know it by'],
    ['keys create demo --json', 'with its id, for programs'],
  ],
  options: { name: { type: 'string', value: 'NAME', about: 'what it is for (command line)' } },
  async run({ args, values, terminal, withKeys }) {
    const tenant = onlyArgument(args, 'tenant', 'keys create')
    const name = values.name ?? 'command line'
    const { id, key } = await withKeys((keys) => keys.create(tenant, name))
    if (values.json) return terminal.print(asJson({ id, tenant, name, key }))
    terminal.note(`A key of ${tenant}, shown this once. Send it as "Authorization: Bearer …". Its id: ${id}`)
    terminal.print(key)
  },
})
