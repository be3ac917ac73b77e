/**
 * Whether the path of a URL stays below the base path of the API, for any server that might read it.
 *
 * `new URL` removes dot segments, `%2e%2e` among them. Servers and proxies do more: they decode a path twice, read
 * backslashes as slashes, merge empty segments, and remove parameters (`..;x`) and control characters from segments before
 * they remove dot segments. So the path is decoded until nothing changes, and each stage must stay below the base path.
 */

/** Two are seen in practice. What is encoded more often than this is refused. */
const maxStages = 8

// UTF-8 forbids these encodings of `.`, `/` and `\` (RFC 3629 section 3), and some decoders accept them.
const overlongDot = /%c0%ae|%e0%80%ae|%f0%80%80%ae/gi
const overlongSlash = /%c0%af|%e0%80%af|%f0%80%80%af|%c1%9c|%e0%81%9c/gi

const characterOf = (_: string, hex: string): string => String.fromCharCode(parseInt(hex, 16))

const decodeRun = (run: string): string => {
  try {
    return decodeURIComponent(run)
  } catch {
    return run.replace(/%([0-9a-f]{2})/gi, characterOf)
  }
}

const decodeOnce = (path: string): string =>
  path
    .replace(overlongDot, ".")
    .replace(overlongSlash, "/")
    .replace(/%u([0-9a-f]{4})/gi, characterOf)
    .replace(/(?:%[0-9a-f]{2})+/gi, decodeRun)

/** Whether the dot segments of a path that is relative to the base path lead above it, at any segment. */
const climbs = (path: string): boolean => {
  let depth = 0
  // NFKC: full-width dots and slashes are ordinary ones to servers that map characters to the nearest of their own set.
  for (const segment of path.normalize("NFKC").split(/[/\\]/)) {
    const name = segment.replace(/;.*$/s, "").replace(/[\s\x00-\x1f\x7f]/g, "")
    if (name === "..") depth -= 1
    else if (name !== "" && name !== ".") depth += 1
    if (depth < 0) return true
  }
  return false
}

/**
 * Returns true when `pathname` is not below `basePath`, or is not for a server that decodes or normalizes it further.
 * Both are paths as `URL.pathname` has them; `basePath` ends without a slash and is empty for the root.
 */
export const leaves = (basePath: string, pathname: string): boolean => {
  if (basePath === "") return false
  if (pathname !== basePath && !pathname.startsWith(`${basePath}/`)) return true
  let rest = pathname.slice(basePath.length)
  // Nothing to decode, and no dot segment: most calls.
  if (!/%|\.\./.test(rest)) return false
  for (let stage = 0; stage < maxStages; stage += 1) {
    if (climbs(rest)) return true
    const decoded = decodeOnce(rest)
    if (decoded === rest) return false
    rest = decoded
  }
  return true
}
