/** The definitions of our kinds, as the cluster has them and as this release would have them. */
import type { CustomResourceDefinition } from '@berth/core/model/builtin.ts'
import { crdOf } from '@berth/core/model/crd.ts'
import { definitions } from '@berth/core/model/crds.ts'
import { compareReleases, RELEASE, RELEASE_ANNOTATION } from '@berth/core/model/release.ts'

export const ownCrds = (): CustomResourceDefinition[] =>
  definitions.map((definition) => crdOf(definition) as unknown as CustomResourceDefinition)

/** The API answers for its objects. */
export const isServed = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false

/** The release that wrote it, if that came after this one: another installation of the cluster needs it as it is. */
export function newerRelease({ metadata }: CustomResourceDefinition): string | undefined {
  const release = metadata.annotations?.[RELEASE_ANNOTATION]
  return release !== undefined && compareReleases(release, RELEASE) > 0 ? release : undefined
}
