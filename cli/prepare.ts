/** Brings what an installation stands on to this release: the definitions of its kinds, its tiers and its database. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isConflict, KubeError } from '@berth/core/kube/error.ts'
import type { CustomResourceDefinition } from '@berth/core/model/builtin.ts'
import { CrdKind, TierKind } from '@berth/core/model/kind.ts'
import { RELEASE } from '@berth/core/model/release.ts'
import { migrate, SCHEMA_VERSION, SchemaMismatch } from '@berth/core/postgres/migrate.ts'
import { sqlState } from '@berth/core/postgres/pool.ts'
import { isServed, newerRelease, ownCrds } from './crd.ts'
import { messageOf, requireUrl } from './database.ts'
import { CliError } from './error.ts'
import { follow } from './follow.ts'
import { MANAGER } from './manager.ts'
import type { Manifest } from './manifest.ts'
import { nameOf } from './object.ts'

export interface Step {
  /** What was looked at. */
  what: string
  outcome: string
}

type Tell = (step: Step) => void

const SERVED_MS = 60_000
const PAUSE_MS = 500

/**
 * Applies the definitions of this release, but for those that a later release has written, and waits until the API serves
 * them. They belong to every installation of the cluster. Throws KubeError; CliError when they don't come to be served.
 */
export async function prepareCrds(client: KubeClient, tell: Tell): Promise<void> {
  for (const crd of ownCrds()) {
    const what = crd.metadata.name
    const before = await client.get(CrdKind, what)
    const newer = before && newerRelease(before)
    if (newer) {
      tell({ what, outcome: `left as it is: it is of release ${newer}, later than this one, ${RELEASE}` })
      continue
    }
    // By force: whoever has written them before, such as kubectl, would write the same.
    const after = await client.apply(CrdKind, crd, { manager: MANAGER, force: true })
    await untilServed(client, after)
    const isSame = before?.metadata.resourceVersion === after.metadata.resourceVersion
    tell({ what, outcome: isSame ? 'unchanged' : before ? `updated to release ${RELEASE}` : 'created' })
  }
}

async function untilServed(client: KubeClient, crd: CustomResourceDefinition): Promise<void> {
  if (isServed(crd)) return
  const { name } = crd.metadata
  const selection = { fieldSelector: `metadata.name=${name}` }
  for await (const change of follow(client, CrdKind, selection, AbortSignal.timeout(SERVED_MS))) {
    const [now] = change.type === 'LISTED' ? change.objects : [change.object]
    if (now && isServed(now)) return
  }
  throw new CliError(`The API does not serve ${name}. See why: kubectl describe crd ${name}`)
}

/** Owns what the values of the chart say of tiers. */
const TIERS_MANAGER = 'berth-chart'

/** Makes the tiers what they are declared as, but for fields that others own. Throws KubeError, CliError. */
export async function prepareTiers(client: KubeClient, tiers: Manifest[], tell: Tell): Promise<void> {
  for (const tier of tiers) {
    if (tier.kind !== TierKind.kind) throw new CliError(`${nameOf(tier)} is no tier.`)
    const before = await onceServed(() => client.get(TierKind, tier.metadata.name))
    const after = await client.apply(TierKind, tier, { manager: TIERS_MANAGER }).catch((error: unknown) => {
      throw isConflict(error) ? ownedByOthers(tier, error as KubeError) : error
    })
    const isSame = before?.metadata.resourceVersion === after.metadata.resourceVersion
    tell({ what: nameOf(tier), outcome: isSame ? 'unchanged' : before ? 'updated' : 'created' })
  }
}

/** An API server may take a moment to serve a definition that it calls established: until then it knows no such kind. */
async function onceServed<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + SERVED_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isUnknown = error instanceof KubeError && error.status === 404
      if (!isUnknown || performance.now() > deadline) throw error
      await sleep(PAUSE_MS)
    }
  }
}

function ownedByOthers(tier: Manifest, error: KubeError): CliError {
  const causes = (error.details?.causes ?? []).map(({ field, message }) => `\n  ${field}: ${message}`)
  const advice =
    'Leave it out of the values, and it stays as it is; or set it to what the values say, and both agree (kubectl edit; ' +
    'workers.replicas: kubectl scale).'
  return new CliError(
    `${nameOf(tier)}: somebody else has set what the values want to set:${causes.join('')}\n${advice}`,
    {
      cause: error,
    },
  )
}

/** Migrates the database, and waits for it up to `timeoutMs` before. Throws CliError. */
export async function prepareDatabase(url: string, timeoutMs: number, tell: Tell): Promise<void> {
  requireUrl(url)
  const deadline = performance.now() + timeoutMs
  let told = false
  for (;;) {
    try {
      const applied = await migrate(url)
      const outcome =
        applied.length > 0 ? `migrated: ${applied.join(', ')}` : `serves the schema ${SCHEMA_VERSION} already`
      return tell({ what: 'database', outcome })
    } catch (error) {
      const message = messageOf(error as Error)
      if (error instanceof SchemaMismatch) throw new CliError(message, { cause: error })
      if (!mayPass(error)) throw new CliError(`The database can't be migrated: ${message}.`, { cause: error })
      if (performance.now() > deadline) {
        const advice = 'Is it up, and is DATABASE_URL right?'
        throw new CliError(`The database did not answer within ${timeoutMs / 1000} s: ${message}. ${advice}`, {
          cause: error,
        })
      }
      if (!told) tell({ what: 'database', outcome: `does not answer yet (${message}); waiting` })
      told = true
      await sleep(PAUSE_MS)
    }
  }
}

/** It is not reachable, starts up, shuts down, or has no connection left; a wrong password stays wrong. */
const mayPass = (error: unknown): boolean => /^(08|53|57)/.test(sqlState(error) ?? '08')
