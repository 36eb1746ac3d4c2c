/** `get`: what there is, as a table in the columns of its kind, or as whole objects. */
import { isGone } from '@berth/core/kube/error.ts'
import { readTable, type Table, type TableRow, type TableSelection, watchTable } from '@berth/core/kube/table.ts'
import { EventKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { type Call, defineCommand, type Options } from '../command.ts'
import { UsageError } from '../error.ts'
import { byLastSeen } from '../events.ts'
import { kindNames, type NamedKind } from '../kinds.ts'
import { asYaml, withoutNoise } from '../object.ts'
import { columnsOf, TextTable } from '../table.ts'
import { type Target, targetsOf } from '../target.ts'
import { asJson } from '../terminal.ts'

const options = {
  watch: { type: 'boolean', short: 'w', about: 'go on with every change, until Ctrl-C' },
  output: { type: 'string', short: 'o', value: 'FORMAT', about: 'wide (more columns), yaml or json (whole objects)' },
  selector: { type: 'string', short: 'l', value: 'LABELS', about: 'only those with these labels, as in a=b,c!=d' },
} as const satisfies Options

const FORMATS = ['table', 'wide', 'yaml', 'json'] as const
type Format = (typeof FORMATS)[number]

export const get = defineCommand({
  name: 'get',
  arguments: 'KIND [NAME…]',
  summary: 'show what there is, as a table',
  details: `Kinds, by any of their names:\n${kindNames()
    .map((line) => `  ${line}`)
    .join('\n')}`,
  examples: [
    ['get wa', 'all sessions: is each connected, and if not, why'],
    ['get wa -w', 'the same, and every change as it happens'],
    ['get tenants -o wide', 'with more columns'],
    ['get wa support -o yaml', 'one session, whole'],
    ['get all', "everything of Berth's own"],
  ],
  options,
  async run(call) {
    const format = formatOf(call.values)
    const targets = targetsOf(call.args, 'get')
    if (call.values.watch) await watch(call, targets, format)
    else await show(call, targets, format)
  },
})

type GetCall = Call<typeof options>

/** The rows of one kind. */
interface Found {
  kind: NamedKind
  table: Table
  rows: TableRow[]
}

function formatOf({ output, json }: GetCall['values']): Format {
  const format = output ?? (json ? 'json' : 'table')
  if ((FORMATS as readonly string[]).includes(format)) return format as Format
  throw new UsageError(`-o is wide, yaml or json, not ${format}.`, 'get')
}

const isWhole = (format: Format): boolean => format === 'yaml' || format === 'json'

async function show(call: GetCall, targets: Target[], format: Format): Promise<void> {
  const found: Found[] = []
  for (const target of targets) found.push(await find(call, target, isWhole(format)))
  const rows = found.flatMap((one) => one.rows)
  if (isWhole(format)) {
    const objects = rows.map(({ object }) => withoutNoise(object))
    const isOne = targets.length === 1 && targets[0]?.names.length === 1
    const value = isOne ? objects[0] : { apiVersion: 'v1', kind: 'List', items: objects }
    call.terminal.print(format === 'json' ? asJson(value) : asYaml(value))
    return
  }
  const filled = found.filter((one) => one.rows.length > 0)
  const tables = filled.map(({ kind, table, rows }) => {
    const { headings, cellsOf } = columnsOf(table, format === 'wide')
    const text = new TextTable(headings).render(rows.map(cellsOf))
    return filled.length > 1 ? `${kind.kind.plural}\n${text}` : text
  })
  if (tables.length > 0) call.terminal.print(tables.join('\n\n'))
  else call.terminal.note(`Nothing found in the namespace ${(await call.cluster()).namespace}.`)
}

async function find(call: GetCall, { kind, names }: Target, whole: boolean): Promise<Found> {
  const client = await call.cluster()
  const isEvents = kind.kind === EventKind
  const read = (name?: string) =>
    readTable(client, kind.kind, { name, labelSelector: call.values.selector, whole: whole || isEvents })
  const tables = names.length > 0 ? await Promise.all(names.map(read)) : [await read()]
  const rows = tables.flatMap((table) => table.rows)
  return { kind, table: tables[0]!, rows: isEvents ? byLastSeen(rows, ({ object }) => object) : rows }
}

/** Prints what is there and then every change; ends only by an error or a signal. */
async function watch(call: GetCall, targets: Target[], format: Format): Promise<void> {
  const [target, ...others] = targets
  if (!target || others.length > 0 || target.names.length > 1) {
    throw new UsageError('-w watches one kind, or one object of it.', 'get')
  }
  const client = await call.cluster()
  const { kind } = target.kind
  const selection: TableSelection = {
    name: target.names[0],
    labelSelector: call.values.selector,
    whole: isWhole(format),
  }
  // Never aborted: Ctrl-C ends the process.
  const { signal } = new AbortController()
  let printer: Printer | undefined
  for (;;) {
    const table = await readTable(client, kind, selection)
    printer ??= isWhole(format) ? objectPrinter(call, format) : rowPrinter(call, table, format)
    printer('ADDED', table.rows)
    let { resourceVersion } = table.metadata
    try {
      // The server ends each watch after some time.
      for (;;) {
        for await (const event of watchTable(client, kind, selection, resourceVersion, signal)) {
          resourceVersion = event.object.metadata.resourceVersion
          printer(event.type, event.object.rows)
        }
      }
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
}

type Printer = (type: string, rows: TableRow<KubeObject>[]) => void

function rowPrinter({ terminal }: GetCall, first: Table, format: Format): Printer {
  const { headings, cellsOf } = columnsOf(first, format === 'wide')
  const text = new TextTable(headings)
  let hasHeading = false
  return (type, rows) => {
    const lines = text.lines(rows.map(cellsOf))
    if (!hasHeading) terminal.print(text.heading())
    hasHeading = true
    for (const line of lines) terminal.print(type === 'DELETED' ? `${line}   (deleted)` : line)
  }
}

/** JSON: an event a line; YAML: a document an event. */
function objectPrinter({ terminal }: GetCall, format: Format): Printer {
  return (type, rows) => {
    for (const row of rows) {
      const object = withoutNoise(row.object)
      if (format === 'json') terminal.print(JSON.stringify({ type, object }))
      else terminal.print(`---\n${type === 'DELETED' ? '# deleted\n' : ''}${asYaml(object)}`)
    }
  }
}
