/** Changes one field of the spec of several objects, and says of each what became of it. */

import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Kind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import type { Call } from './command.ts'
import { MANAGER } from './manager.ts'
import { nameOf } from './object.ts'
import { someArguments } from './target.ts'
import { asJson } from './terminal.ts'

export interface StateChange<T extends KubeObject> {
  /** For errors. */
  command: string
  kind: Kind<T & { spec: object }>
  find(client: KubeClient, name: string): Promise<T & { spec: object }>
  /** The field and what it is to be. */
  field: string
  value: string
  /** What --json prints. */
  record(object: T): object
}

export async function changeState<T extends KubeObject>(
  { args, values, terminal, cluster, report }: Call,
  { command, kind, find, field, value, record }: StateChange<T>,
): Promise<void> {
  const names = someArguments(args, kind.kind.toLowerCase(), command)
  const client = await cluster()
  const done: object[] = []
  for (const name of names) {
    try {
      const { spec } = await find(client, name)
      const changed = await client.mergePatch(kind, name, { spec: { [field]: value } }, { manager: MANAGER })
      done.push(record(changed))
      const isOld = Object.entries(spec).some(([key, present]) => key === field && present === value)
      if (!values.json) terminal.print(`${nameOf(changed)} ${isOld ? `was ${value} before` : `is ${value} now`}`)
    } catch (error) {
      report(error)
    }
  }
  if (values.json) terminal.print(asJson(done))
}
