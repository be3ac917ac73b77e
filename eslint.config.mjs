import effect from "@effect/eslint-plugin"
import simpleImportSort from "eslint-plugin-simple-import-sort"
import sortDestructureKeys from "eslint-plugin-sort-destructure-keys"
import tseslint from "typescript-eslint"

// Exceptions to the limit that functions fit on a page, each with the reason.
const longFunctions = [
  // A reader of variables: one small function for each kind of value.
  "client-credentials/src/internal/config/environment.ts"
].map((path) => `packages/${path}`)

export default tseslint.config(
  { ignores: ["**/dist/**", "packages/effect-4/generated/**", "**/build/**", "**/docs/**", "**/node_modules/**"] },
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
    rules: { "max-lines": ["error", { max: 450, skipBlankLines: true }] }
  },
  {
    files: [
      "scripts/**",
      "packages/examples/src/**",
      "packages/*/test/**",
      "packages/*/pack/**",
      "packages/site/browser/**"
    ],
    rules: { "no-console": "off" }
  }
)
