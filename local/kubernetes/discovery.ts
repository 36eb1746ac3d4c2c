/** Discovery: which groups, versions and resources there are; in the old form and in the aggregated one. */
import type { Json } from './object.ts'
import { apiVersionOf, type Resource } from './resource.ts'

/** Answered beside the stored resources: "may I?" is always yes, since the server has one user. */
const ACCESS_REVIEW = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
}

interface GroupVersions {
  name: string
  versions: { version: string; resources: readonly Resource[] }[]
}

function groupsOf(resources: readonly Resource[]): GroupVersions[] {
  const groups = Map.groupBy(resources, (resource) => resource.group)
  groups.set(ACCESS_REVIEW.group, [])
  return [...groups].map(([name, members]) => {
    const versions = Map.groupBy(members, (resource) => resource.version)
    if (name === ACCESS_REVIEW.group) versions.set(ACCESS_REVIEW.version, [])
    return { name, versions: [...versions].map(([version, list]) => ({ version, resources: list })) }
  })
}

interface Subresource {
  name: string
  group: string
  version: string
  kind: string
}

function subresourcesOf(resource: Resource): Subresource[] {
  const { group, version, kind } = resource
  return [
    ...(resource.hasStatus ? [{ name: 'status', group, version, kind }] : []),
    ...(resource.scale ? [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale' }] : []),
  ]
}

const SUBRESOURCE_VERBS = ['get', 'patch', 'update']

/** `GET /api` or `GET /apis` in the aggregated form. */
export function aggregatedDiscovery(resources: readonly Resource[], core: boolean, version: string): Json {
  const groups = groupsOf(resources).filter((group) => (group.name === '') === core)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name ? { name: group.name } : {},
      versions: group.versions.map((entry) => ({
        version: entry.version,
        resources: [
          ...entry.resources.map(discovered),
          ...(group.name === ACCESS_REVIEW.group ? [discoveredReview()] : []),
        ],
        freshness: 'Current',
      })),
    })),
  }
}

function discovered(resource: Resource): Json {
  const { group, version, kind } = resource
  const subresources = subresourcesOf(resource)
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...optionalNames(resource),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map(({ name, ...responseKind }) => ({
            subresource: name,
            responseKind,
            verbs: SUBRESOURCE_VERBS,
          })),
        }
      : {}),
  }
}

function discoveredReview(): Json {
  const { group, version, kind, plural } = ACCESS_REVIEW
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: 'Cluster',
    singularResource: kind.toLowerCase(),
    verbs: ['create'],
  }
}

function optionalNames(resource: Resource): Json {
  return {
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
  }
}

/** `GET /apis` in the old form. */
export function groupList(resources: readonly Resource[]): Json {
  const groups = groupsOf(resources).filter((group) => group.name !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describeGroup) }
}

/** `GET /apis/<group>`; undefined when there is no such group. */
export function groupDocument(resources: readonly Resource[], name: string): Json | undefined {
  const group = groupsOf(resources).find((candidate) => candidate.name === name)
  return group && { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(group) }
}

function describeGroup(group: GroupVersions): Json {
  const versions = group.versions.map(({ version }) => ({ groupVersion: `${group.name}/${version}`, version }))
  return { name: group.name, versions, preferredVersion: versions[0] }
}

/** `GET /apis/<group>/<version>`; undefined when there is no such version. */
export function resourceList(resources: readonly Resource[], group: string, version: string): Json | undefined {
  const found = groupsOf(resources).find((candidate) => candidate.name === group)
  const entry = found?.versions.find((candidate) => candidate.version === version)
  if (!entry) return undefined
  const { plural, kind } = ACCESS_REVIEW
  const review = { name: plural, singularName: kind.toLowerCase(), namespaced: false, kind, verbs: ['create'] }
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: [...entry.resources.flatMap(listed), ...(group === ACCESS_REVIEW.group ? [review] : [])],
  }
}

function listed(resource: Resource): Json[] {
  const { plural, singular, namespaced, kind, verbs } = resource
  const subresources = subresourcesOf(resource).map((subresource) => ({
    name: `${plural}/${subresource.name}`,
    singularName: '',
    namespaced,
    ...(subresource.group === resource.group ? {} : { group: subresource.group, version: subresource.version }),
    kind: subresource.kind,
    verbs: SUBRESOURCE_VERBS,
  }))
  return [
    { name: plural, singularName: singular, namespaced, kind, verbs, ...optionalNames(resource) },
    ...subresources,
  ]
}
