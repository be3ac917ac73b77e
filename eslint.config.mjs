import effect from "@effect/eslint-plugin"
import simpleImportSort from "eslint-plugin-simple-import-sort"
import sortDestructureKeys from "eslint-plugin-sort-destructure-keys"
import tseslint from "typescript-eslint"

// Functions fit on a page, and a file is one concept. Each file that does not is listed with its reason.
const longFunctions = [
  "client-credentials/src/IssuanceBudget.ts",
  "client-credentials/src/ServerMetadata.ts",
  "client-credentials/src/SharedTokens.ts",
  "client-credentials/src/TokenEndpoint.ts",
  "client-credentials/src/TokenStore.ts",
  "client-credentials/src/internal/protocol/tokenResponse.ts",
  "client-credentials/src/internal/seam/cachedToken.ts"
].map((path) => `packages/${path}`)
const longFiles = [
  "client-credentials/src/ClientAuthentication.ts",
  "client-credentials/src/ClientConfig.ts",
  "client-credentials/src/OAuthError.ts",
  "client-credentials/src/TokenStore.ts",
  "client-credentials/src/internal/config/settings.ts"
].map((path) => `packages/${path}`)

export default tseslint.config(
  { ignores: ["**/dist/**", "**/build/**", "**/docs/**", "**/node_modules/**"] },
  ...tseslint.configs.strict,
  {
    files: ["**/*.{ts,mjs}"],
    plugins: {
      "@effect": effect,
      "simple-import-sort": simpleImportSort,
      "sort-destructure-keys": sortDestructureKeys
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@effect/dprint": ["error", {
        config: {
          indentWidth: 2,
          lineWidth: 120,
          operatorPosition: "maintain",
          semiColons: "asi",
          quoteStyle: "alwaysDouble",
          trailingCommas: "never",
          "arrowFunction.useParentheses": "force",
          "module.sortImportDeclarations": "maintain"
        }
      }],
      "simple-import-sort/imports": "error",
      "sort-destructure-keys/sort-destructure-keys": "error",
      "object-shorthand": "error",
      "no-console": "error",
      "@typescript-eslint/array-type": ["error", { default: "generic", readonly: "generic" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // A service's interface and its companion types share the tag's name, as everywhere in the Effect ecosystem.
      "@typescript-eslint/no-namespace": "off",
      "@typescript-eslint/no-extraneous-class": "off",
      "@typescript-eslint/unified-signatures": "off",
      "@typescript-eslint/no-invalid-void-type": "off"
    }
  },
  {
    files: ["packages/*/src/**"],
    ignores: longFunctions,
    rules: { "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }] }
  },
  {
    files: ["packages/*/src/**"],
    ignores: longFiles,
    rules: { "max-lines": ["error", 450] }
  },
  {
    files: ["scripts/**", "packages/examples/src/**", "packages/*/test/**", "packages/*/pack/**"],
    rules: { "no-console": "off" }
  }
)
