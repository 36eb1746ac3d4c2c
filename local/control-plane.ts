/** What the Kubernetes API holds before anybody works with it: what the Helm chart and `kubectl create` do elsewhere. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isAlreadyExists } from '@berth/core/kube/error.ts'
import type { CustomResourceDefinition } from '@berth/core/model/builtin.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import {
  apiVersionOf,
  CrdKind,
  type Kind,
  LeaseKind,
  NamespaceKind,
  SecretKind,
  TenantKind,
  TierKind,
} from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import { parse } from 'yaml'

export const NAMESPACE = 'berth'
export const WORKER_SECRET = 'berth-worker'
export const DEMO_TENANT = 'demo'
export const OPERATOR_LEASE = 'berth-operator'

const MANAGER = 'berth-local'

/** The CRDs, the namespace, the workers' secret, and those of the default tiers that are missing. */
export async function prepareControlPlane(
  client: KubeClient,
  crdsFolder: string,
  workerSecret: Record<string, string>,
): Promise<void> {
  await client.apply(NamespaceKind, { metadata: { name: NAMESPACE } }, { manager: MANAGER, force: true })
  for (const file of (await readdir(crdsFolder)).filter((name) => name.endsWith('.yaml'))) {
    const crd = parse(await readFile(path.join(crdsFolder, file), 'utf8')) as CustomResourceDefinition
    await client.apply(CrdKind, crd, { manager: MANAGER, force: true })
  }
  const data = Object.fromEntries(Object.entries(workerSecret).map(([name, value]) => [name, btoa(value)]))
  const secret = { metadata: { name: WORKER_SECRET, namespace: NAMESPACE }, data }
  await client.apply(SecretKind, secret, { manager: MANAGER, force: true })
  for (const tier of defaultTiers) await createMissing(client, TierKind, tier)
}

/** As `kubectl create --save-config` makes it, so that a later `kubectl apply` of the same tenant has nothing to warn of. */
export function createDemoTenant(client: KubeClient): Promise<void> {
  const tenant = {
    apiVersion: apiVersionOf(TenantKind),
    kind: TenantKind.kind,
    metadata: { name: DEMO_TENANT, namespace: NAMESPACE, annotations: {} },
    spec: { tier: 'pro', displayName: 'Demo customer' },
  }
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(tenant) }
  return createMissing(client, TenantKind, {
    ...tenant,
    metadata: { ...tenant.metadata, annotations },
  } as unknown as Tenant)
}

/** An operator that was killed can't give its lease back, and we know that it is dead: its successor need not wait. */
export async function freeOperatorLease(client: KubeClient): Promise<void> {
  const lease = await client.get(LeaseKind, OPERATOR_LEASE, NAMESPACE)
  if (!lease?.spec?.holderIdentity) return
  await client.mergePatch(LeaseKind, OPERATOR_LEASE, { spec: { holderIdentity: '' } }, { namespace: NAMESPACE })
}

async function createMissing<T extends KubeObject>(client: KubeClient, kind: Kind<T>, object: T): Promise<void> {
  const placed = { ...object, metadata: { ...object.metadata, namespace: NAMESPACE } }
  await client.create(kind, placed, { manager: MANAGER }).catch((error) => {
    if (!isAlreadyExists(error)) throw error
  })
}

/** The API's own kubeconfig, with our namespace as the default one, so that kubectl needs no -n. */
export async function writeKubeconfig(source: string, target: string): Promise<void> {
  const config = parse(await readFile(source, 'utf8')) as { contexts: { context: { namespace?: string } }[] }
  for (const { context } of config.contexts) context.namespace = NAMESPACE
  await writeFile(target, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
}
