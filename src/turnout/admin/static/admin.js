// What pages of the admin do beside what HTML does by itself. Everything here has a way without it.
(() => {
  "use strict";

  const each = (root, selector, act) => {
    if (root.matches && root.matches(selector)) act(root);
    root.querySelectorAll(selector).forEach(act);
  };

  // A picker searches on the server while one types; a long list of words is searched where it is.
  const pick = (select) => {
    if (select.tomselect || !window.TomSelect) return;
    const address = select.dataset.picker;
    const options = { maxOptions: 1000, plugins: select.multiple ? ["remove_button"] : [], allowEmptyOption: false };
    if (address) {
      options.valueField = "value";
      options.labelField = "text";
      options.score = () => () => 1;  // the server finds by more than is shown, such as an email address
      options.load = (typed, done) => {
        fetch(`${address}?search=${encodeURIComponent(typed)}`, { headers: { Accept: "application/json" } })
          .then((answer) => (answer.ok ? answer.json() : []))
          .then((found) => {
            if (typed !== picker.lastValue) return done();
            picker.clearOptions();
            return done(found);
          }, () => done());
      };
    }
    const picker = new TomSelect(select, options);
    select.setAttribute("aria-hidden", "true");  // the control in front of it is the one that is read out
    const described = select.getAttribute("aria-describedby");
    if (described) picker.control_input.setAttribute("aria-describedby", described);
  };

  // Entries of a list are added and taken away here, without asking the server.
  let added = 0;
  const sequence = (list) => {
    const items = list.querySelector(":scope > [data-items]");
    list.querySelector(":scope > [data-add]").addEventListener("click", (click) => {
      click.preventDefault();
      added += 1;
      const box = document.createElement("template");
      box.innerHTML = list.dataset.prototype.replace(/deformField\d+/g, (id) => `${id}-${added}`);
      const item = box.content.firstElementChild;
      const zone = list.closest("form").querySelector("[data-zone]");
      if (zone) item.querySelectorAll("[data-zone]").forEach((one) => { one.textContent = zone.textContent; });
      items.append(box.content);
      prepare(item);
      const first = item.querySelector("input:not([type=hidden]), select, textarea");
      if (first) first.focus();
    });
    items.addEventListener("click", (click) => {
      const button = click.target.closest("[data-remove]");
      if (!button) return;
      click.preventDefault();
      const item = button.closest("[data-item]");
      const next = item.nextElementSibling || item.previousElementSibling;
      item.remove();
      const focus = next ? next.querySelector("input:not([type=hidden])") : list.querySelector(":scope > [data-add]");
      if (focus) focus.focus();
    });
  };

  // A picture is seen before it is sent.
  const preview = (box) => {
    const file = box.querySelector("input[type=file]");
    const image = box.querySelector("img");
    if (!file) return;
    file.addEventListener("change", () => {
      if (!file.files.length) return;
      const reader = new FileReader();
      reader.addEventListener("load", () => {
        image.src = reader.result;
        image.hidden = false;
      });
      reader.readAsDataURL(file.files[0]);
    });
  };

  // Moments are in the time zone that is chosen beside them.
  const follow = (zone) => {
    const venue = zone.form.querySelector("select[name=venue_id]");
    const first = zone.form.querySelector("[data-zone]");
    const otherwise = first ? first.textContent : "";
    const say = () => {
      const name = zone.value ? zone.value.replaceAll("_", " ") : venue && venue.value ? "the venue's time" : otherwise;
      zone.form.querySelectorAll("[data-zone]").forEach((one) => { one.textContent = name; });
    };
    zone.addEventListener("change", say);
    if (venue) venue.addEventListener("change", say);
  };

  const prepare = (root) => {
    each(root, "select[data-picker]", pick);
    each(root, "[data-sequence]", sequence);
    each(root, "[data-picture]", preview);
    each(root, "form[data-form] select[name=timezone]", follow);
    each(root, "[data-checks]", (all) => {
      all.addEventListener("change", () => {
        all.form.querySelectorAll(`input[name="${all.dataset.checks}"]`).forEach((one) => { one.checked = all.checked; });
      });
    });
    each(root, "[data-select]", (field) => field.addEventListener("focus", () => field.select()));
  };

  document.addEventListener("DOMContentLoaded", () => {
    prepare(document.body);
    document.querySelectorAll("[data-toggles]").forEach((button) => {
      const menu = document.getElementById(button.dataset.toggles);
      button.addEventListener("click", () => {
        button.setAttribute("aria-expanded", String(menu.classList.toggle("is-open")));
      });
    });
    const wrong = document.querySelector("[data-focus]");
    if (wrong) wrong.focus();
  });
  document.addEventListener("htmx:afterSwap", (swap) => prepare(swap.target));
})();
