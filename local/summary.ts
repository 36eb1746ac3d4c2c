/** What a person is told when everything runs: where it is, and what to do next, ready to copy. Pure. */

export interface SummaryInput {
  gatewayUrl: string
  simulatorUrl?: string
  kubernetesUrl: string
  kubeconfig: string
  apiKey?: string
  dataDir: string
  logsDir: string
  hasKubectl: boolean
  /** The clone, when the person is not in it. */
  elsewhere?: string
  /** Words for what is not there yet. */
  stillStarting: string[]
}

export function summary(input: SummaryInput): string {
  const { gatewayUrl, simulatorUrl } = input
  const rows: [string, string][] = [
    ['API', `${gatewayUrl}   (documentation: ${gatewayUrl}/docs)`],
    simulatorUrl
      ? ['WhatsApp simulator', `${simulatorUrl}   (a stand-in for phones; not WhatsApp)`]
      : ['WhatsApp', 'the real one. Berth is unofficial: a number that is linked can be banned'],
    ['Kubernetes API', `${input.kubernetesUrl}   (kubeconfig: ${input.kubeconfig})`],
    ['API key', input.apiKey ? `${input.apiKey}   (tenant demo)` : 'none: there is no tenant "demo"'],
    ['Data, logs', `${input.dataDir}, ${input.logsDir}`],
  ]
  const table = rows.map(([name, value]) => `  ${name.padEnd(20)}${value}`)
  const open = input.stillStarting.length > 0 ? [`  Still starting: ${input.stillStarting.join(', ')}`] : []
  return ['', ...table, ...open, '', ...nextCommands(input), ''].join('\n')
}

function nextCommands(input: SummaryInput): string[] {
  const { gatewayUrl, simulatorUrl, apiKey = 'wak_live_…' } = input
  const kubectl = input.hasKubectl ? 'kubectl' : 'npm run berth --'
  const session = '$BERTH/v1/sessions/support'
  const scan = simulatorUrl
    ? `open ${simulatorUrl}, choose "Your phone", "Link a device", and paste the last line of`
    : 'scan this with your phone'
  return [
    'Next, in another terminal:',
    '',
    ...(input.elsewhere ? [`  cd ${shellQuote(input.elsewhere)}`] : []),
    ...(input.hasKubectl ? [`  export KUBECONFIG=${shellQuote(input.kubeconfig)}`] : []),
    `  export BERTH=${gatewayUrl} AUTH="Authorization: Bearer ${apiKey}"`,
    '',
    '  # 1. declare a session, and look at it',
    `  ${kubectl} apply -f examples/quickstart.yaml`,
    `  ${kubectl} get wa`,
    '',
    `  # 2. link it: ${scan}`,
    `  curl -s -H "$AUTH" -H "Accept: text/plain" ${session}/qr`,
    '',
    '  # 3. send a message, and wait until WhatsApp has it',
    `  curl -s -H "$AUTH" -H "Content-Type: application/json" -H "Prefer: wait=5" ${session}/messages \\`,
    `    -d '{"to": "+5511911111111", "text": "Hello from Berth"}'`,
    '',
    'Ctrl-C stops everything. The data stay.',
  ]
}

/** As a word of a POSIX shell. */
export const shellQuote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
