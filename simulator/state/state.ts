// Everything the simulator remembers, over one database.
import { Connections } from './connections.ts'
import { Database } from './database.ts'
import { Deliveries } from './deliveries.ts'
import { Devices } from './devices.ts'
import { Faults } from './faults.ts'
import { Ledger } from './ledger.ts'
import { Messages } from './messages.ts'
import { Phones } from './phones.ts'

export interface State {
  database: Database
  phones: Phones
  devices: Devices
  deliveries: Deliveries
  messages: Messages
  ledger: Ledger
  connections: Connections
  faults: Faults
}

/** @param folder created when missing */
export function openState(folder: string): State {
  const database = new Database(folder)
  return {
    database,
    phones: new Phones(database),
    devices: new Devices(database),
    deliveries: new Deliveries(database),
    messages: new Messages(database),
    ledger: new Ledger(database),
    connections: new Connections(database),
    faults: new Faults(database),
  }
}
