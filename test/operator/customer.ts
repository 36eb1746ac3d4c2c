/** A small installation of one customer, whose specs a test changes: a tier, a tenant, two sessions; where tenants change, another tier. */
import { isInvalid, KubeError } from '@berth/core/kube/error.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { type Kind, SessionKind, TenantKind, TierKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { mergePatch } from '@berth/local/kubernetes/merge-patch.ts'
import type { Resources } from '@berth/operator/resources.ts'
import { type EndState, endState } from './end-state.ts'
import { fresh, type Installation } from './installation.ts'

/** Path under spec → value; null: left out. */
export type Values = Record<string, unknown>

/** What stands in a table for the prefix of a customer's names. */
const named = (value: unknown, prefix: string): unknown =>
  typeof value === 'string' ? value.replace(/^x-/, `${prefix}-`) : value

const WORKERS = { min: 0, max: 3, spare: 0, template: { cpu: '500m', memory: '768Mi', image: 'berth/worker:test' } }
const tierSpec = (): object => ({
  ...structuredClone(defaultTiers.find(({ metadata }) => metadata.name === 'pro')!.spec),
  workers: WORKERS,
  scaleDown: { stabilizationSeconds: 0 },
})

export class Customer {
  readonly prefix = fresh('s')
  readonly #berth: Installation
  readonly #view: Resources

  private constructor(berth: Installation, view: Resources) {
    this.#berth = berth
    this.#view = view
  }

  /** Nothing of it is there yet. */
  static expect(berth: Installation, view: Resources): Customer {
    return new Customer(berth, view)
  }

  static async install(berth: Installation, view: Resources, kind: Kind, values?: Values): Promise<Customer> {
    const customer = Customer.expect(berth, view)
    await customer.arrive(kind, values)
    return customer
  }

  /** With these values of one kind's spec from the beginning. */
  async arrive(kind: Kind, values: Values = {}): Promise<void> {
    const { client } = this.#berth.cluster
    const create = async (of: Kind, name: string, spec: object, isChanged = of.kind === kind.kind) => {
      const changed = isChanged ? mergePatch(spec, this.#patchOf(values)) : spec
      await client.create(of, { metadata: { name }, spec: changed } as KubeObject)
    }
    const onDelete = { device: 'Keep', data: 'Erase' }
    await create(TierKind, `${this.prefix}-tier`, tierSpec())
    if (kind === TenantKind) await create(TierKind, `${this.prefix}-other`, tierSpec(), false)
    await create(TenantKind, this.tenant, { tier: `${this.prefix}-tier`, displayName: 'Acme', onDelete })
    const [first, second] = this.sessions as [string, string]
    await create(SessionKind, first, { tenant: this.tenant, onDelete }, false)
    await create(SessionKind, second, { tenant: this.tenant, onDelete })
  }

  get tenant(): string {
    return `${this.prefix}-acme`
  }

  get sessions(): string[] {
    return [`${this.tenant}.a`, `${this.tenant}.b`]
  }

  state(): Promise<EndState> {
    return endState(this.#view, this.#berth.pool, this.prefix)
  }

  /** Changes the spec of the tier, the tenant, the second session or the worker. Rejects as the API does. */
  async change(kind: Kind, values: Values, options: { dryRun?: boolean } = {}): Promise<void> {
    await this.#berth.cluster.client.mergePatch(
      kind,
      await this.#nameOf(kind),
      { spec: this.#patchOf(values) },
      options,
    )
  }

  /** What the API says against it; undefined: nothing. */
  async refusal(kind: Kind, values: Values, options: { dryRun?: boolean } = {}): Promise<string | undefined> {
    try {
      await this.change(kind, values, options)
      return undefined
    } catch (error) {
      if (error instanceof KubeError && isInvalid(error)) return error.message
      throw error
    }
  }

  async get<T extends KubeObject>(kind: Kind<T>): Promise<T> {
    return (await this.#berth.cluster.client.get(kind, await this.#nameOf(kind)))!
  }

  /** What its spec has under these paths now; null: nothing. */
  async values(kind: Kind, paths: readonly string[]): Promise<Values> {
    const { spec } = (await this.get(kind)) as KubeObject & { spec: unknown }
    const at = (path: string) =>
      path.split('.').reduce((value: unknown, name) => (value as Values | undefined)?.[name], spec) ?? null
    return Object.fromEntries(paths.map((path) => [path, at(path)]))
  }

  /** Where its sessions are: worker and generation. */
  async places(): Promise<unknown[]> {
    const found = await Promise.all(this.sessions.map((name) => this.#berth.session(name)))
    return found.map((session) => [session?.status?.placement?.worker, session?.status?.placement?.generation])
  }

  /** Nobody waits for it to be gone. */
  async remove(): Promise<void> {
    const { client } = this.#berth.cluster
    for (const name of this.sessions) await client.delete(SessionKind, name)
    await client.delete(TenantKind, this.tenant)
    for (const name of ['tier', 'other']) await client.delete(TierKind, `${this.prefix}-${name}`)
  }

  #patchOf(values: Values): Record<string, unknown> {
    return specWith(
      Object.fromEntries(Object.entries(values).map(([path, value]) => [path, named(value, this.prefix)])),
    )
  }

  async #nameOf(kind: Kind): Promise<string> {
    if (kind.kind === TierKind.kind) return `${this.prefix}-tier`
    if (kind.kind === TenantKind.kind) return this.tenant
    if (kind.kind === SessionKind.kind) return this.sessions[1]!
    return this.#berth.until('the worker', async () => {
      return (await this.#berth.session(this.sessions[0]!))?.status?.placement?.worker
    })
  }
}

/** A merge patch of spec that sets these paths; null removes one. */
function specWith(values: Record<string, unknown>): Record<string, unknown> {
  const spec: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.')
    const last = names.pop()!
    let place = spec
    for (const name of names) {
      place[name] ??= {}
      place = place[name] as Record<string, unknown>
    }
    place[last] = value
  }
  return spec
}
