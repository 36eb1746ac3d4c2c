/** `keys`: the API keys of tenants. */
import type { ApiKey } from '../api-keys.ts'
import { defineCommand } from '../command.ts'
import { UsageError } from '../error.ts'
import { type Column, printList } from '../listing.ts'
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

const keyColumns: Column<ApiKey>[] = [
  ['Id', ({ id }) => id],
  ['Name', ({ name }) => name],
  ['Key', ({ hint }) => `…${hint}`],
  ['Created', ({ created_at }) => created_at.toISOString()],
  ['Revoked', ({ revoked_at }) => revoked_at?.toISOString()],
]

export const keysList = defineCommand({
  name: 'keys list',
  arguments: 'TENANT',
  summary: 'show the API keys of a tenant',
  examples: [
    ['keys list demo', 'their ids, names and last characters'],
    ['keys list demo --all', 'with those that were revoked'],
  ],
  options: { all: { type: 'boolean', about: 'also those that were revoked' } },
  async run({ args, values, terminal, withKeys }) {
    const tenant = onlyArgument(args, 'tenant', 'keys list')
    const all = await withKeys((apiKeys) => apiKeys.list(tenant))
    const keys = values.all ? all : all.filter(({ revoked_at }) => !revoked_at)
    printList(terminal, keys, keyColumns, { json: values.json, empty: `${tenant} has no keys.` })
  },
})

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
