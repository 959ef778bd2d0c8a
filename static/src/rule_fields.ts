// Markup: <form data-js="rule-fields"> with radios named rule_type; [data-rule="deduction"] shows only with its rule.
import { all, define } from "./core";

define("rule-fields", (form) => {
  const show = (): void => {
    const chosen = form.querySelector<HTMLInputElement>("input[name=rule_type]:checked")?.value ?? "";
    for (const part of all(form, "[data-rule]")) part.hidden = part.dataset.rule !== chosen;
  };
  form.addEventListener("change", show);
  show();
});
