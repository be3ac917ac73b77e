/**
 * The library's messages in the words of this command: variables and options in place of the names in programs.
 */

/** A phrase of the library, and what this command states in its place. */
type Phrase = readonly [library: RegExp | string, own: string]

const phrases: ReadonlyArray<Phrase> = [
  // Settings.
  [
    " (http: only to a loopback address, with allowHttpLoopback or OAUTH_ALLOW_HTTP_LOOPBACK=true)",
    " (http: only to this machine, with OAUTH_ALLOW_HTTP_LOOPBACK=true)"
  ],
  [
    /or a ClientAuthentication such as privateKeyJwt \(OAUTH_CLIENT_AUTHENTICATION: private_key_jwt\); none only with a grant[^;]*?\(RFC 6749 section 4\.4\)/g,
    "private_key_jwt, workload_identity or spiffe_jwt; none only with OAUTH_GRANT"
  ],
  ["; or set the issuer, whose metadata names it", "; or set OAUTH_ISSUER, whose metadata names it"],
  ["with dpop, only", "with OAUTH_DPOP, only"],
  ["Check that dpop is set (OAUTH_DPOP=true)", "Check that OAUTH_DPOP=true is set"],
  ["set dpop (OAUTH_DPOP=true)", "set OAUTH_DPOP=true"],
  [/, or set dpop(?=\.|$)/g, ", or set OAUTH_DPOP=true"],
  [": with a tokenUrl, no metadata", ": with OAUTH_TOKEN_URL, no metadata"],
  ["choose one of these as dpop.algorithm", "name a key for one of these in OAUTH_DPOP_KEY_FILE"],
  ["set tokenType to \"assume-bearer\" (OAUTH_TOKEN_TYPE)", "set OAUTH_TOKEN_TYPE=assume-bearer"],
  [/\bset basicEncoding to ["']?raw["']? \(OAUTH_BASIC_ENCODING\)/g, "set OAUTH_BASIC_ENCODING=raw"],
  ["OAUTH_CLIENT_SECRET_FILE (LEGACY_TOKEN_SECRET_FILE)", "OAUTH_CLIENT_SECRET_FILE"],
  [
    "If the server nests or renames the members of its response, set tokenResponse to a function that decodes them.",
    "If the server nests or renames the members of its response, only a program with the library can read it."
  ],
  [", request a smaller scope (OAUTH_SCOPE), or disable requireScope", ", or request a smaller scope (OAUTH_SCOPE)"],
  [" Request a type that the server issues (requestedType).", ""],
  // Limits.
  [
    "Share tokens between processes (SharedClientCredentials.layer), or have the limit raised.",
    "Have the limit raised, or request fewer tokens: commands cache theirs, and token --fresh requests another."
  ],
  [
    "Share tokens between processes (SharedClientCredentials.layer), or raise the limit if the issuer allows more.",
    "If the issuer allows more, raise OAUTH_TOKENS_PER_DAY."
  ],
  [
    /Share tokens between processes \(SharedClientCredentials\.layer\), or have its limit raised\. If it announces .*? to false\./g,
    "Have its limit raised."
  ],
  [
    " At the limit, token requests fail with IssuanceBudgetExhausted, which states until when. If that is early, see the " +
    "reasons in oauth.token.requests: with many cold ones, keep the store when programs end; with many rejected ones, find " +
    "out why the API rejects them.",
    " At the limit, commands that need another token fail. effect-oauth budget shows when more may be requested."
  ],
  [
    "see the reasons in oauth.token.requests, and share tokens between processes (SharedClientCredentials.layer).",
    "see effect-oauth budget, and request fewer tokens: commands cache theirs, and token --fresh requests another."
  ],
  [": AccessToken.membersOf returns none.", "."],
  [" (issuanceBudget.withoutStore is 0)", ""],
  // Connections.
  [/, or allow (?:it )?more time \(\w+\.layer\)/g, ""],
  [/Remove what changes the URL \(.*?\), or set/g, "Set"],
  [
    /Add its certificate authority to the HTTP client \(.*?\)\. Do not disable verification\./g,
    "Name the PEM file of its authority in OAUTH_TLS_CA_FILE."
  ],
  // Calls.
  ["add it to apiOrigins (API_ORIGINS); otherwise use another HTTP client there.", "add it to API_ORIGINS."],
  [
    /Reject "\.\." in values that .*? \(encodeURIComponent\)\./g,
    "Encode slashes and dots in values that are part of the path (%2F, %2E)."
  ],
  [/\(TokenRequest\.withOverrides with the overrides of this error, or (OAUTH_PARAMETERS) for all calls\)/g, "($1)"],
  ["(TokenRequest.withOverrides, with the overrides of this error)", "(OAUTH_PARAMETERS)"],
  [
    " Keep the layer open for the whole program: provide it once, at the top. A PromiseClient is closed by close().",
    ""
  ],
  // An option with its variable or its value behind it, and the name of a module or of an option within another.
  [/\b[a-z]+(?:[A-Z][a-z]*)+ \(((?:OAUTH|API)_[A-Z_]+(?:=\w+)?)\)/g, "$1"],
  [/\b[a-z]+(?:[A-Z][a-z]*)+ \(([a-z]+(?:_[a-z]+)+)\)/g, "$1"],
  [/ \((?:[A-Z]|[a-z]+[A-Z])\w*\.[a-z]\w*\)/g, ""]
]

/** Returns a message of the library in the words of this command. */
export const of = (message: string): string =>
  phrases.reduce((text, [library, own]) => text.replaceAll(library, own), message)
