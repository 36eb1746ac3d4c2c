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
  const { gatewayUrl, simulatorUrl, apiKey = '$KEY' } = input
  const kubectl = input.hasKubectl ? 'kubectl' : 'npm run berth --'
  const auth = `-H "Authorization: Bearer ${apiKey}"`
  const session = `${gatewayUrl}/v1/sessions/support`
  const to = simulatorUrl ? '+5511911111111' : '+<a phone number>'
  const [scan, format] = simulatorUrl
    ? [`its QR: open ${simulatorUrl}, choose "Your phone", "Link a device", and paste the qr`, 'application/json']
    : ['its QR: scan it with your phone', 'text/plain']
  return [
    'Next, in another terminal:',
    '',
    ...(input.elsewhere ? [`  cd ${shellQuote(input.elsewhere)}`] : []),
    ...(input.hasKubectl ? [`  export KUBECONFIG=${shellQuote(input.kubeconfig)}`] : []),
    '',
    '  # declare a session, and watch it',
    `  ${kubectl} apply -f examples/quickstart.yaml`,
    `  ${kubectl} get wa -w`,
    '',
    `  # ${scan}`,
    `  curl ${auth} -H "Accept: ${format}" ${session}/qr`,
    '',
    '  # send a message',
    `  curl ${auth} -H "Content-Type: application/json" -H "Prefer: wait=5" ${session}/messages \\`,
    `    -d '{"to": "${to}", "text": "Hello from Berth"}'`,
    '',
    'Ctrl-C stops everything. The data stay.',
  ]
}

/** As a word of a POSIX shell. */
export const shellQuote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
