/**
 * The proxy of a request, by the variables as the HTTP client reads them.
 */
import * as proxies from "../../../../client-credentials/dist/internal/config/proxies.js"
import * as variables from "../../../../client-credentials/dist/internal/config/variables.js"
import { isLoopback } from "../../../../client-credentials/dist/internal/protocol/urls.js"

export interface Proxy {
  readonly url: URL
  /** The variable that names it. */
  readonly variable: string
}

/** Returns the value of a variable: that of the settings, or else that of the process. */
type ValueOf = (variable: string) => string | undefined

const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === "https:" ? 443 : 80)

/** The entry of NO_PROXY that a host is excepted by, if it is. */
export const exception = (url: URL, except: string): string | undefined =>
  except.split(/[,\s]+/).find((entry) => {
    const [, host = entry, port] = /^(.+):(\d+)$/.exec(entry) ?? []
    const name = host.replace(/^\*?\./, "").toLowerCase()
    return name !== "" && (port === undefined || Number(port) === portOf(url)) &&
      (url.hostname === name || url.hostname.endsWith(`.${name}`))
  })

/** The proxy of the variables, whether or not `NO_PROXY` excepts the host; none for requests to this machine. */
export const configured = (target: string, valueOf: ValueOf): Proxy | undefined => {
  const url = new URL(target)
  // http: leads to this machine only.
  if (url.protocol !== "https:" || isLoopback(url)) return undefined
  const found = proxies.exceptOf(valueOf) === "*" ? undefined : proxies.firstOf(valueOf, ...variables.proxies)
  // One that cannot be read is a problem of the configuration.
  const proxy = found && proxies.parse(found.text)
  return found && proxy && { url: proxy, variable: found.variable }
}

export const excepted = (target: string, valueOf: ValueOf): string | undefined =>
  exception(new URL(target), proxies.exceptOf(valueOf))
