/** What a failed installation means for a person. Pure. */

const PROXY =
  'Behind a proxy: export HTTPS_PROXY=http://host:port\n' +
  'With a registry of your own: export npm_config_registry=https://registry.example.com/'

const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|FETCH_ERROR|ERR_SOCKET_TIMEOUT)\b/

/** Was there no registry to talk to? */
export const isUnreachable = (output) => UNREACHABLE.test(output)

/** The first that matches the output wins. */
const CAUSES = [
  {
    when: /ENOSPC/,
    say: () => 'The disk is full. About 500 MB are needed. Make room, then start again.',
  },
  {
    when: /\b(EACCES|EPERM|EROFS)\b/,
    say: ({ clone }) =>
      `This user may not write where npm has to: ${clone}/node_modules, or npm's cache (npm config get cache).\n` +
      'If an earlier start as root made them, give them back: sudo chown -R "$(id -u)" node_modules ~/.npm',
  },
  {
    when: /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|certificate/,
    say: ({ registry }) =>
      `The certificate of the npm registry ${registry} is not trusted: a proxy in between may replace it.\n` +
      'Trust its authority: export NODE_EXTRA_CA_CERTS=/path/to/authority.pem',
  },
  {
    when: UNREACHABLE,
    say: ({ registry, code }) => `The npm registry ${registry} can't be reached (${code}).\n${PROXY}`,
  },
  {
    when: /\bE(401|403)\b/,
    say: ({ registry, code }) => `The npm registry ${registry} refuses us (${code}). Log in: npm login`,
  },
  {
    when: /\b(E404|ETARGET|E50\d)\b/,
    say: ({ registry, code }) => `The npm registry ${registry} does not have all packages (${code}).\n${PROXY}`,
  },
  {
    when: /EINTEGRITY/,
    say: () =>
      'A package is not what package-lock.json says. Clear the cache (npm cache clean --force), then start again.',
  },
]

/**
 * @param {string} output all that npm said
 * @param {{ clone: string, env: Record<string, string | undefined> }} circumstances
 */
export function explain(output, { clone, env }) {
  const cause = CAUSES.find(({ when }) => when.test(output))
  const code = cause?.when.exec(output)?.[0]
  const asked = /https?:\/\/[^/\s]+\//.exec(output.replaceAll(/https:\/\/docs\.npmjs\.com\/\S*/g, ''))?.[0]
  const registry = env.npm_config_registry ?? asked ?? 'that npm is set to'
  const meaning = cause ? `${cause.say({ clone, registry, code })}\n` : ''
  const said = output
    .split('\n')
    .filter(
      (line) =>
        /^npm (error|ERR!)|can't be run/.test(line) && !/A complete log|\.log$|error\s+at |\berrno\b/.test(line),
    )
  const lines = (said.length > 0 ? said : output.trim().split('\n')).slice(0, 12).map((line) => `  ${line}`)
  return `\nThe packages could not be installed.\n${meaning}\nnpm said:\n${lines.join('\n')}`
}
