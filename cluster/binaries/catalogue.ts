/** Which programs a cluster is made of, and how each is built. Versions stand in the go.mod files beside this one only. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface Recipe {
  /** A folder beside this file, with go.mod and go.sum. */
  folder: string
  /** What `go build` is given. */
  package: string
  /** The module whose version is that of the program; without one it is a program of our own. */
  module?: string
  /** Go variables that hold the version; `v` is as in go.mod, `v1.36.3`. */
  versionVariables?: (v: string) => Record<string, string>
  /** To build it on two cores after those before it, downloads left out: only for telling how long it will take. */
  seconds: number
}

const kubernetes = (name: string, seconds: number): Recipe => ({
  folder: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  module: 'k8s.io/kubernetes',
  versionVariables: (v) => {
    const [major, minor] = v.slice(1).split('.')
    const variable = (field: string) => `k8s.io/component-base/version.${field}`
    return { [variable('gitVersion')]: v, [variable('gitMajor')]: major!, [variable('gitMinor')]: minor! }
  },
  seconds,
})

/** In the order in which they are built: what the others wait for first. */
export const RECIPES = {
  etcd: {
    folder: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    module: 'go.etcd.io/etcd/server/v3',
    seconds: 22,
  },
  'kube-apiserver': kubernetes('kube-apiserver', 172),
  'kube-controller-manager': kubernetes('kube-controller-manager', 39),
  'kube-scheduler': kubernetes('kube-scheduler', 5),
  kubelet: kubernetes('kubelet', 38),
  'kube-proxy': kubernetes('kube-proxy', 10),
  kubectl: kubernetes('kubectl', 17),
  coredns: { folder: 'coredns', package: '.', module: 'github.com/coredns/coredns', seconds: 50 },
  pause: { folder: 'pause', package: '.', seconds: 1 },
  helm: {
    folder: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    module: 'helm.sh/helm/v4',
    versionVariables: (v) => ({ 'helm.sh/helm/v4/internal/version.version': v }),
    seconds: 95,
  },
  // For the tests of the cluster itself.
  probe: { folder: 'probe', package: '.', seconds: 8 },
  // An S3-compatible server, for the tests of the store of files.
  versitygw: {
    folder: 'versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    module: 'github.com/versity/versitygw',
    seconds: 120,
  },
} satisfies Record<string, Recipe>

export type BinaryName = keyof typeof RECIPES

const FOR_TESTS = ['probe', 'versitygw'] as const

/** What a cluster on this machine is made of. */
export type ClusterBinary = Exclude<BinaryName, (typeof FOR_TESTS)[number]>

export const CLUSTER_BINARIES = (Object.keys(RECIPES) as BinaryName[]).filter(
  (name): name is ClusterBinary => !(FOR_TESTS as readonly string[]).includes(name),
)

export const recipeOf = (name: BinaryName): Recipe => RECIPES[name]

export const moduleFolder = (recipe: Recipe): string => path.join(import.meta.dirname, recipe.folder)

/** The version that a go.mod requires of a module, as `v1.36.3`. */
export function requiredVersion(goMod: string, module: string): string {
  const line = goMod.split('\n').map((text) => text.trim().replace(/^require /, ''))
  const found = line.find((text) => text.startsWith(`${module} v`))
  if (!found) throw new Error(`go.mod does not require ${module}`)
  return found.split(/\s+/)[1]!
}

export function versionOf(recipe: Recipe): string | undefined {
  const goMod = readFileSync(path.join(moduleFolder(recipe), 'go.mod'), 'utf8')
  return recipe.module && requiredVersion(goMod, recipe.module)
}

/** Name of a built program in the cache: another version, or another version of something in it, is another one. */
export function cacheKey(name: BinaryName): string {
  const recipe = recipeOf(name)
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum', 'main.go']) {
    hash.update(readIfThere(path.join(moduleFolder(recipe), file)))
  }
  return [name, versionOf(recipe)?.slice(1), hash.digest('hex').slice(0, 8)].filter(Boolean).join('-')
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
