// The list of faults: what a correct client never does.
import { api } from './api.js'
import { element, formatNumber, pageView } from './elements.js'

export function faultsView({ faults }) {
  const rows = faults.toReversed().map((fault) => {
    const who = fault.number ? `${formatNumber(fault.number)}, device ${fault.device ?? '?'}` : ''
    return element(
      'tr',
      {},
      element('td', {}, new Date(fault.at).toLocaleTimeString()),
      element('td', {}, element('code', {}, fault.kind)),
      element('td', {}, fault.detail, who && element('small', { className: 'who' }, who)),
    )
  })
  return pageView(
    'Faults',
    element('p', {}, 'What a correct client never does. A test run must leave none.'),
    faults.length > 0 && element('button', { className: 'quiet', onclick: clear }, 'Clear the list'),
    faults.length
      ? element('div', { className: 'scroll' }, element('table', {}, ...rows))
      : element('p', { className: 'quiet' }, 'None.'),
  )
}

async function clear() {
  await api.clearFaults()
  location.hash = '#'
}
