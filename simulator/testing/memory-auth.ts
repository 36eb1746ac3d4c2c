// A Baileys auth state in memory, for the simulator's own tests. What goes in is copied, as a database would.
import {
  type AuthenticationCreds,
  type AuthenticationState,
  BufferJSON,
  initAuthCreds,
  proto,
  type SignalDataSet,
} from '@whiskeysockets/baileys'

export interface MemoryAuth extends AuthenticationState {
  /** `type/id` → JSON. Tests may put an older value back. */
  rows: Map<string, string>
}

export function memoryAuth(creds: AuthenticationCreds = initAuthCreds()): MemoryAuth {
  const rows = new Map<string, string>()
  return {
    creds,
    rows,
    keys: {
      async get(type, ids) {
        const found = ids.flatMap((id) => {
          const row = rows.get(`${type}/${id}`)
          if (row === undefined) return []
          const value = JSON.parse(row, BufferJSON.reviver)
          // A protobuf's own JSON has its bytes in base64.
          return [[id, type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value) : value]]
        })
        return Object.fromEntries(found)
      },
      async set(data: SignalDataSet) {
        for (const [type, values] of Object.entries(data)) {
          for (const [id, value] of Object.entries(values ?? {})) {
            if (value === null || value === undefined) rows.delete(`${type}/${id}`)
            else rows.set(`${type}/${id}`, JSON.stringify(value, BufferJSON.replacer))
          }
        }
      },
    },
  }
}
