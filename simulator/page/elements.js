// Small helpers to build the page. Everything a person typed is set as text, never as HTML.

/**
 * An element with properties and children; undefined children are left out.
 * @param {string} tag
 * @param {Record<string, unknown>} properties such as className, onclick, ariaLabel
 * @param {(Node | string | undefined | false)[]} children
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children.filter((child) => child !== undefined && child !== false))
  return made
}

/** @param {string} number */
export function formatNumber(number) {
  return `+${number}`
}

/** Today the time, otherwise the day. @param {number} at Unix milliseconds */
export function formatTime(at) {
  const date = new Date(at)
  return date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short' })
}
