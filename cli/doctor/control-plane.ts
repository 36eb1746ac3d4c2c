/** The Kubernetes side: the API, the definitions of our kinds, the operator. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { CustomResourceDefinition } from '@berth/core/model/builtin.ts'
import { crdOf } from '@berth/core/model/crd.ts'
import { definitions } from '@berth/core/model/crds.ts'
import { isServed, newerRelease } from '../crd.ts'
import { PROGRAM } from '../program.ts'
import { duration } from '../time.ts'
import { type Check, fail, ok, some, warn } from './check.ts'
import type { DoctorSnapshot } from './snapshot.ts'

export function apiCheck({ api, namespace }: DoctorSnapshot): Check {
  const about = 'Kubernetes API'
  if ('error' in api) return fail(about, api.error)
  return ok(about, `answers in ${api.value.ms} ms; the namespace is ${namespace}.`)
}

const INSTALL = `Install those of this release: ${PROGRAM} prepare --no-database`

export function crdCheck({ crds }: DoctorSnapshot): Check {
  const about = 'CRDs'
  if ('error' in crds) return warn(about, `could not be read: ${crds.error}`)
  const plurals = definitions.map(({ kind }) => kind.plural)
  const missing = plurals.filter((plural) => !crds.value.has(plural))
  if (missing.length > 0) return fail(about, `${some(missing)} are not installed. ${INSTALL}`)
  const unserved = plurals.filter((plural) => !isServed(crds.value.get(plural)!))
  if (unserved.length > 0) return fail(about, `the API does not serve ${some(unserved)} yet. ${INSTALL}`)
  const different = definitions.filter((definition) => {
    const installed = crds.value.get(definition.kind.plural)!
    return !isDeepStrictEqual(schemaOf(installed), schemaOf(crdOf(definition) as unknown as CustomResourceDefinition))
  })
  const releases = different.map(({ kind }) => newerRelease(crds.value.get(kind.plural)!))
  const newer = releases.find((release) => release !== undefined)
  // After a rollback, or because of another installation: they serve this release too.
  if (newer && !releases.includes(undefined)) return ok(about, `are those of release ${newer}, later than this one.`)
  const names = different.map(({ kind }) => kind.plural)
  if (names.length > 0) return warn(about, `${some(names)} are of another release than this command line. ${INSTALL}`)
  return ok(about, `all ${plurals.length} are those of this release.`)
}

/** As JSON carries it: without what is undefined. */
const schemaOf = ({ spec }: CustomResourceDefinition): unknown =>
  JSON.parse(JSON.stringify(spec.versions[0]?.schema?.openAPIV3Schema ?? null))

/** The lease is renewed every second or so, and free for another after its own duration. */
const LEADER_SLACK_MS = 10_000

export function operatorCheck({ operatorLease, now, local }: DoctorSnapshot): Check {
  const about = 'Operator'
  const logs = local ? `Read ${local.folder}/logs/operator.log` : 'Read the logs of its pods'
  const remedy = `Nothing is placed or moved until it runs. ${logs}.`
  if ('error' in operatorLease) return warn(about, `its lease could not be read: ${operatorLease.error}`)
  const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = operatorLease.value?.spec ?? {}
  if (!holderIdentity) return fail(about, `nobody leads. ${remedy}`)
  const silentMs = now.getTime() - Date.parse(renewTime ?? '')
  if (!(silentMs < leaseDurationSeconds * 1000 + LEADER_SLACK_MS)) {
    return fail(about, `${holderIdentity} leads, but has said nothing for ${duration(silentMs)}. ${remedy}`)
  }
  return ok(about, `${holderIdentity} leads.`)
}
