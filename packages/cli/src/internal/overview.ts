/**
 * What the command says when it is called without arguments.
 */
export const overview = `effect-oauth: OAuth 2.0 client credentials on the command line

  effect-oauth init                     write a profile, by questions
  effect-oauth doctor                   go the whole way to a first call, and say what to do where it ends
  effect-oauth call GET /items          call the API, in the syntax of HTTPie
  effect-oauth token                    print a token; --json, --header, --exec 'command'
  effect-oauth inspect                  what is known of the token
  effect-oauth status                   which tokens are kept, and how many may still be asked for
  effect-oauth budget                   how many tokens are counted, and when there is room again
  effect-oauth revoke                   take the token back
  effect-oauth simulate --fleet 20      how many tokens a fleet asks for in a day

The client is that of the variables OAUTH_ISSUER or OAUTH_TOKEN_URL, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET_FILE and
API_BASE_URL, or of a profile: --profile NAME. Its token is kept, sealed, for the next command.

  effect-oauth COMMAND --help           all options of a command
  effect-oauth --completions bash       completions for bash, zsh, fish
  effect-oauth --version
`
