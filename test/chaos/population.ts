/** Who takes part: customers over all tiers with their linked accounts, and the people who write with them. Pure. */

export interface Tenant {
  name: string
  tier: 'basic' | 'pro' | 'max'
}

export interface Account {
  tenant: string
  /** As its tenant calls it in the API. */
  session: string
  /** The phone number that is linked. */
  number: string
  /** Phone numbers of those who write with it. */
  contacts: string[]
}

export interface Population {
  tenants: Tenant[]
  accounts: Account[]
}

const CONTACTS_PER_ACCOUNT = 3
const SESSIONS_OF_A_PRO_TENANT = 3

/** A third on one dedicated worker, a third in threes, the rest alone; a contact knows several accounts. */
export function population(sessions: number): Population {
  const ofMax = Math.ceil(sessions / 3)
  const ofPro = Math.ceil((sessions - ofMax) / 2)
  const tenants: Tenant[] = []
  const accounts: Account[] = []
  const contacts = Array.from({ length: sessions + CONTACTS_PER_ACCOUNT - 1 }, (_, i) => `55218${digits(i + 1)}`)
  const add = (tenant: Tenant, count: number) => {
    tenants.push(tenant)
    for (let i = 1; i <= count; i++) {
      const at = accounts.length
      accounts.push({
        tenant: tenant.name,
        session: `line-${i}`,
        number: `55117${digits(at + 1)}`,
        contacts: contacts.slice(at, at + CONTACTS_PER_ACCOUNT),
      })
    }
  }
  add({ name: 'chaos-max', tier: 'max' }, ofMax)
  for (let left = ofPro, i = 1; left > 0; left -= SESSIONS_OF_A_PRO_TENANT, i++) {
    add({ name: `chaos-pro-${i}`, tier: 'pro' }, Math.min(left, SESSIONS_OF_A_PRO_TENANT))
  }
  for (let i = 1; accounts.length < sessions; i++) add({ name: `chaos-basic-${i}`, tier: 'basic' }, 1)
  return { tenants, accounts }
}

const digits = (value: number): string => String(value).padStart(8, '0')
