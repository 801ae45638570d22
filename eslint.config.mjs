/** @file Lint: strict and type-aware, with the layers of scripts/layers.mjs as import rules. */
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'
import vueParser from 'vue-eslint-parser'
import { browserFolders, layers, packageOwners, sharedFiles } from './scripts/layers.mjs'

const folders = Object.keys(layers)
const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

const isEngine = (folder) => folder.startsWith('src/engine/')

/** How an import in `from` names the folder `to`; undefined where a name alone cannot tell, which the layers test can. */
function pathTo(from, to) {
  const name = escape(to.split('/').at(-1))
  if (isEngine(from)) return isEngine(to) ? `^(\\.\\./)+${name}` : `^(\\.\\./){2,}${name}`
  if (isEngine(to)) return `^(\\.\\./)+(src/)?engine/${name}`
  return from === 'src/renderer' ? undefined : `^(\\.\\./)+(src/)?${name}`
}

/** The import rules of one folder. */
function importRules(folder) {
  const others = folders.filter((other) => other !== folder && pathTo(folder, other) !== undefined)
  const forbidden = others.filter((other) => !layers[folder].includes(other))
  const doors = others.filter((other) => layers[folder].includes(other) && sharedFiles[other] === undefined)
  const packages = Object.entries(packageOwners).filter(([, owners]) => !owners.includes(folder))
  return {
    files: [`${folder}/**/*.{ts,vue}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...forbidden.map((other) => ({ regex: `${pathTo(folder, other)}(/|$)`, message: `${folder} may not import ${other}.` })),
            ...doors.map((other) => ({ regex: `${pathTo(folder, other)}/(?!index$)`, message: `Import ${other} through its index.ts.` })),
            ...packages.map(([name, owners]) => ({ regex: `^${escape(name)}(/|$)`, message: `Only ${owners.join(' and ')} may import ${name}.` })),
            ...(browserFolders.includes(folder) ? [{ regex: '^node:', message: `${folder} runs in a browser.` }] : []),
          ],
        },
      ],
    },
  }
}

export default tseslint.config(
  { ignores: ['out/', 'dist/', 'node_modules/', 'test-results/'] },
  {
    files: ['**/*.{ts,vue}'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['src/main/tsconfig.json', 'src/preload/tsconfig.json', 'src/renderer/tsconfig.json', 'tests/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      // Node's types promise what some platforms do not have.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // Numbers in messages are the point of most of them.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Ports, hosts and stores are objects of closures; nothing here has a `this`.
      '@typescript-eslint/unbound-method': 'off',
      // An index into a typed array is proven by its loop, and a check in an inner loop costs.
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' }],
      eqeqeq: 'error',
    },
  },
  ...folders.map(importRules),
  { files: ['src/**/*.{ts,vue}'], rules: { 'no-console': 'error' } },
  ...vue.configs['flat/essential'].map((config) => ({ ...config, files: ['src/renderer/**/*.vue'] })),
  {
    files: ['src/renderer/**/*.vue'],
    languageOptions: { parser: vueParser, parserOptions: { parser: tseslint.parser } },
    rules: { 'vue/no-v-html': 'error' },
  },
  {
    // The linter cannot see into components that are imported; vue-tsc can, and checks the same.
    files: ['src/renderer/**/*.{ts,vue}', 'tests/renderer/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // `void value` tells Vue that an effect depends on it.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
    },
  },
  {
    // Vitest's asymmetric matchers are typed any.
    files: ['tests/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    // Configuration files are read by their default export.
    files: ['**/*.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
)
