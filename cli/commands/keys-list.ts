/** `keys list`: the API keys of a tenant, without the keys themselves. */
import { defineCommand } from '../command.ts'
import { TextTable } from '../table.ts'
import { onlyArgument } from '../target.ts'
import { asJson } from '../terminal.ts'

export const keysList = defineCommand({
  name: 'keys list',
  arguments: 'TENANT',
  summary: 'show the API keys of a tenant',
  examples: [['keys list demo', 'their ids, names and last characters']],
  options: {},
  async run({ args, values, terminal, withKeys }) {
    const tenant = onlyArgument(args, 'tenant', 'keys list')
    const keys = await withKeys((all) => all.list(tenant))
    if (values.json) return terminal.print(asJson(keys))
    if (keys.length === 0) return terminal.note(`${tenant} has no keys.`)
    const rows = keys.map(({ id, name, hint, created_at, revoked_at }) => [
      id,
      name,
      `…${hint}`,
      created_at.toISOString(),
      revoked_at?.toISOString(),
    ])
    terminal.print(new TextTable(['Id', 'Name', 'Key', 'Created', 'Revoked']).render(rows))
  },
})
