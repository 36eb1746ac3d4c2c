/** What `npm start` keeps beside the kubeconfig that it writes: where its gateway is, and the key of its first tenant. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { DEMO_TENANT } from '@berth/local/control-plane.ts'
import { localUrl } from '@berth/local/services.ts'
import { readSettings } from '@berth/local/settings.ts'

export interface LocalInstallation {
  /** Holds the data and the logs. */
  folder: string
  gatewayUrl?: string
  /** By tenant. */
  apiKeys: Record<string, string>
}

/** The local mode that this kubeconfig belongs to; undefined: it is of some other cluster. */
export function localInstallationOf(kubeconfig: string | undefined): LocalInstallation | undefined {
  if (!kubeconfig) return undefined
  const folder = path.dirname(path.resolve(kubeconfig))
  const file = path.join(folder, 'config.json')
  if (path.basename(kubeconfig) !== 'kubeconfig' || !existsSync(file)) return undefined
  const { ports, apiKey } = readSettings(file)
  return {
    folder,
    ...(ports ? { gatewayUrl: localUrl(ports.gateway) } : {}),
    apiKeys: apiKey ? { [DEMO_TENANT]: apiKey } : {},
  }
}
