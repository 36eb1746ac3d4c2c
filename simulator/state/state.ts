// Everything the simulator remembers, over one database.
import { Random } from '../random.ts'
import { AppState } from './app-state.ts'
import { Blocks } from './blocks.ts'
import { Connections } from './connections.ts'
import { Database } from './database.ts'
import { Deliveries } from './deliveries.ts'
import { Devices } from './devices.ts'
import { Disturbances } from './disturbances.ts'
import { Faults } from './faults.ts'
import { Groups } from './groups.ts'
import { Ledger } from './ledger.ts'
import { MediaFiles } from './media-files.ts'
import { Messages } from './messages.ts'
import { Phones } from './phones.ts'
import { PrivacyTokens } from './privacy-tokens.ts'
import { Profiles } from './profiles.ts'

export interface State {
  database: Database
  /** Where ids come from. */
  random: Random
  phones: Phones
  devices: Devices
  deliveries: Deliveries
  groups: Groups
  messages: Messages
  mediaFiles: MediaFiles
  appState: AppState
  privacyTokens: PrivacyTokens
  profiles: Profiles
  blocks: Blocks
  ledger: Ledger
  connections: Connections
  faults: Faults
  disturbances: Disturbances
}

/** How long the simulator remembers what is settled. Chats, keys and what is owed stay. */
const MEMORY_MS = 7 * 24 * 60 * 60 * 1000

/** @param folder created when missing @param seed see `Random` */
export function openState(folder: string, now: () => number, seed: string | undefined): State {
  const database = new Database(folder, now)
  // A later run on the same data must not give the ids of an earlier one again.
  const random = new Random(seed === undefined ? undefined : `${seed} ${nextRun(database)}`)
  forget(database, now() - MEMORY_MS)
  return {
    database,
    random,
    phones: new Phones(database, random),
    devices: new Devices(database),
    deliveries: new Deliveries(database),
    groups: new Groups(database, random),
    messages: new Messages(database),
    mediaFiles: new MediaFiles(database),
    appState: new AppState(database),
    privacyTokens: new PrivacyTokens(database),
    profiles: new Profiles(database),
    blocks: new Blocks(database),
    ledger: new Ledger(database),
    connections: new Connections(database),
    faults: new Faults(database),
    disturbances: new Disturbances(database),
  }
}

/** How many times the data was opened before. */
function nextRun(database: Database): number {
  const runs = database.get<{ value: Uint8Array }>(`SELECT value FROM setting WHERE name = 'runs'`)
  const run = runs ? Number(Buffer.from(runs.value).toString()) : 0
  database.run(`INSERT OR REPLACE INTO setting (name, value) VALUES ('runs', ?)`, Buffer.from(String(run + 1)))
  return run
}

/** Keeps the file from growing without end. @param before Unix milliseconds */
function forget(database: Database, before: number): void {
  database.run('DELETE FROM ledger WHERE at < ?', before)
  database.run('DELETE FROM fault WHERE at < ?', before)
  database.run('DELETE FROM connection WHERE closed_at < ?', before)
  database.run('DELETE FROM delivery WHERE done_at < ?', before)
}
