import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["static/dist/**", "node_modules/**", "var/**"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ["static/src/**/*.ts"],
    languageOptions: { parserOptions: { project: "./tsconfig.json" } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      eqeqeq: "error",
      "no-console": ["error", { allow: ["error"] }],
      // A fixed address keeps user data out of markup; see photos.ts for the one place that puts our own back.
      "no-implied-eval": "error",
    },
  },
  {
    files: ["static/*.mjs", "tests/shell/*.mjs"],
    languageOptions: { globals: { console: "readonly", process: "readonly", setTimeout: "readonly", clearTimeout: "readonly", URL: "readonly" } },
  },
);
