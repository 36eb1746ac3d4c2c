/** `events`: what happened in the installation, in order. */
import type { Event } from '@berth/core/model/builtin.ts'
import { EventKind } from '@berth/core/model/kind.ts'
import { type Call, defineCommand, type Options } from '../command.ts'
import { byLastSeen, eventLine, eventRecord } from '../events.ts'
import { follow } from '../follow.ts'
import { targetsOf } from '../target.ts'
import { asJson, asJsonLine } from '../terminal.ts'

const options = {
  watch: { type: 'boolean', short: 'w', about: 'go on with what happens, until Ctrl-C' },
  warnings: { type: 'boolean', about: 'only what somebody may have to see to' },
} as const satisfies Options

export const events = defineCommand({
  name: 'events',
  arguments: '[KIND [NAME…]]',
  summary: 'show what happened, the latest last: placements, moves, workers made, lost and removed',
  details: 'The cluster keeps events for an hour. A line with "!" is a warning.',
  examples: [
    ['events', 'of the last hour'],
    ['events --watch', 'and what happens from now on'],
    ['events wa support', 'of one session'],
    ['events workers --warnings', 'what went wrong with workers'],
  ],
  options,
  async run(call) {
    const { values, terminal } = call
    const isMeant = selectionOf(call)
    const client = await call.cluster()
    const lastOf = (events: Event[]) => byLastSeen(events.filter(isMeant), (event) => event).map(eventRecord)
    if (!values.watch) {
      const found = lastOf((await client.list(EventKind)).items)
      if (values.json) terminal.print(asJson(found))
      else if (found.length === 0) terminal.note('Nothing happened in the last hour.')
      else terminal.print(found.map(eventLine).join('\n'))
      return
    }
    // Never aborted: Ctrl-C ends the process.
    const { signal } = new AbortController()
    for await (const change of follow(client, EventKind, {}, signal)) {
      const found = change.type === 'LISTED' ? change.objects : change.type === 'DELETED' ? [] : [change.object]
      for (const record of lastOf(found)) terminal.print(values.json ? asJsonLine(record) : eventLine(record))
    }
  },
})

/** Which events are asked for. Throws UsageError. */
function selectionOf({ args, values }: Call<typeof options>): (event: Event) => boolean {
  const targets = args.length > 0 ? targetsOf(args, 'events') : undefined
  return ({ type, involvedObject: { kind, name = '' } }) => {
    if (values.warnings && type !== 'Warning') return false
    if (!targets) return true
    return targets.some((target) => {
      const isNamed = target.names.length === 0 || target.names.includes(name)
      return target.kind.kind.kind === kind && isNamed
    })
  }
}
