/** Who takes part in the demo: one customer a tier, with names that a person can follow on the screen. Pure. */
import type { Account, Population, Tenant } from '@berth/test/chaos/population.ts'

const CUSTOMERS: (Tenant & { sessions: string[] })[] = [
  { name: 'blue-bakery', tier: 'basic', sessions: ['orders'] },
  { name: 'city-clinic', tier: 'pro', sessions: ['reception', 'lab', 'billing'] },
  { name: 'grand-hotel', tier: 'max', sessions: ['front-desk', 'rooms', 'spa'] },
]
const CONTACTS = ['5521988880001', '5521988880002', '5521988880003']

export function demoPopulation(): Population {
  const accounts: Account[] = CUSTOMERS.flatMap(({ name, sessions }, customer) =>
    sessions.map((session, i) => ({
      tenant: name,
      session,
      number: `55119777${customer + 1}000${i + 1}`,
      contacts: CONTACTS,
    })),
  )
  return { tenants: CUSTOMERS.map(({ name, tier }) => ({ name, tier })), accounts }
}
