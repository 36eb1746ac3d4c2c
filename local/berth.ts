/** What bringing up Berth on one machine takes, and what is there then. */

export interface BerthOptions {
  dataDir: string
  /** 'real': no simulator; sessions go to WhatsApp itself. */
  whatsapp?: 'simulator' | 'real'
  /** Of an external Postgres; without it an embedded one is started. */
  databaseUrl?: string
  /** The gateway's; the next free one when it is taken. */
  port?: number
  /** Ports that are free instead of the usual ones. */
  anyPorts?: boolean
  /** Says nothing. */
  quiet?: boolean
  /** Takes the lines for a person; console.log by default. */
  tell?: (line: string) => void
  /** Stops the start. */
  signal?: AbortSignal
  /**
   * Variables of a service on top of its own; asked for when it is about to be started, as a harness does that puts itself
   * between it and what it connects to.
   */
  environment?: (service: 'operator' | 'gateway') => Promise<Record<string, string>>
}

export interface Berth {
  gatewayUrl: string
  /** Absent with the real WhatsApp. */
  simulatorUrl?: string
  kubernetesUrl: string
  /** Path. */
  kubeconfig: string
  /** Of the tenant demo; absent when there is no such tenant. */
  apiKey?: string
  databaseUrl: string
  dataDir: string
  logsDir: string
  /** What was not ready in time, in words. */
  stillStarting: string[]
  /** The processes beside the workers: kubernetes, simulator, operator, gateway, postgres; by name. */
  pids(): Record<string, number>
  /** For a second start from the same folder to say. */
  announce(summary: string): void
  /** In order, with a line each. */
  stop(): Promise<void>
  /** At once: nothing is lost, but WhatsApp sees connections break. */
  kill(): void
}
