/** The definitions of our kinds, as the cluster has them and as this release would have them. */
import { crdOf } from '@berth/core/model/crd.ts'
import { definitions } from '@berth/core/model/crds.ts'
import type { Kind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { compareReleases, RELEASE, RELEASE_ANNOTATION } from '@berth/core/model/release.ts'

export interface CrdObject extends KubeObject {
  spec: { versions: { name: string; schema?: { openAPIV3Schema?: unknown } }[] }
  status?: { conditions?: { type: string; status: string }[] }
}

export const CrdKind: Kind<CrdObject> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}

export const ownCrds = (): CrdObject[] => definitions.map((definition) => crdOf(definition) as unknown as CrdObject)

/** The API answers for its objects. */
export const isServed = ({ status }: CrdObject): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false

/** The release that wrote it, if that came after this one: another installation of the cluster needs it as it is. */
export function newerRelease({ metadata }: CrdObject): string | undefined {
  const release = metadata.annotations?.[RELEASE_ANNOTATION]
  return release !== undefined && compareReleases(release, RELEASE) > 0 ? release : undefined
}
