/** `describe`: one object, what it should be, what it is, and what happened to it. */
import { readTable, type Table } from '@berth/core/kube/table.ts'
import { EventKind } from '@berth/core/model/kind.ts'
import type { Condition, KubeObject } from '@berth/core/model/meta.ts'
import { defineCommand } from '../command.ts'
import { CliError, UsageError } from '../error.ts'
import { byLastSeen } from '../events.ts'
import { asYaml, withoutNoise } from '../object.ts'
import { PROGRAM } from '../program.ts'
import { TextTable } from '../table.ts'
import { targetsOf } from '../target.ts'
import { asJson } from '../terminal.ts'
import { section } from '../text.ts'

interface Described extends KubeObject {
  spec?: unknown
  status?: { conditions?: Condition[] }
}

export const describe = defineCommand({
  name: 'describe',
  arguments: 'KIND NAME…',
  summary: 'show all about an object: what it should be, what it is, what happened',
  examples: [
    ['describe wa support', 'why is this session not connected?'],
    ['describe tenant demo', 'how many sessions does this customer have, and where?'],
  ],
  options: {},
  async run({ args, values, terminal, cluster }) {
    const targets = targetsOf(args, 'describe')
    if (targets.some(({ names }) => names.length === 0)) throw new UsageError('Which one? Name it.', 'describe')
    const client = await cluster()
    for (const { kind, names } of targets) {
      for (const name of names) {
        const object = await client.get<Described>(kind.kind, name)
        if (!object) throw new CliError(`${kind.singular}/${name} is not there. See ${PROGRAM} get ${kind.kind.plural}`)
        const fieldSelector = `involvedObject.uid=${object.metadata.uid}`
        const events = await readTable(client, EventKind, { fieldSelector, whole: true })
        if (values.json) {
          terminal.print(
            asJson({ object: withoutNoise(object), events: events.rows.map((row) => withoutNoise(row.object)) }),
          )
        } else terminal.print(textOf(object, events))
      }
    }
  },
})

function textOf({ kind, metadata, spec, status }: Described, events: Table): string {
  const { conditions, ...state } = status ?? {}
  const head = {
    name: metadata.name,
    kind,
    namespace: metadata.namespace,
    labels: metadata.labels,
    annotations: metadata.annotations,
    created: metadata.creationTimestamp,
    generation: metadata.generation,
    deletionAskedFor: metadata.deletionTimestamp,
    finalizers: metadata.finalizers,
  }
  return [
    asYaml(head),
    yamlSection('Spec', spec),
    yamlSection('Status', state),
    section('Conditions', conditionTable(conditions ?? [])),
    section('Events', eventTable(events)),
  ].join('\n\n')
}

const yamlSection = (title: string, value: unknown): string =>
  section(title, value === undefined || isEmpty(value) ? '' : asYaml(value))

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0

function conditionTable(conditions: Condition[]): string {
  const rows = conditions.map(({ type, status, reason, lastTransitionTime, message }) => [
    type,
    status,
    reason,
    lastTransitionTime,
    message,
  ])
  return tableText(['Type', 'Status', 'Reason', 'Since', 'Message'], rows)
}

/** In the server's cells, which say how long ago; all are about this object, so it is left out. */
function eventTable({ columnDefinitions, rows }: Table): string {
  const shown = ['Last Seen', 'Type', 'Reason', 'Message']
  const indexes = shown.map((title) => (columnDefinitions ?? []).findIndex(({ name }) => name === title))
  return tableText(
    shown,
    byLastSeen(rows, ({ object }) => object).map(({ cells }) => indexes.map((index) => cells[index])),
  )
}

const tableText = (headings: string[], rows: unknown[][]): string =>
  rows.length === 0 ? '' : new TextTable(headings).render(rows)
