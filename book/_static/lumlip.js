// What the theme leaves to do. The book can be read without it.
"use strict";

// Tables and code wider than the page scroll inside their box: by keyboard, too, and with a hint.
function markScrolling() {
  const boxes = ".lumlip-heat, .bd-article figure, .cell_output .output, .pst-scrollable-table-container, .table-wrapper, .highlight pre, div.math";
  for (const box of document.querySelectorAll(boxes)) {
    const wide = box.scrollWidth > box.clientWidth + 1;
    const what = box.matches("figure") ? "Figure" : box.querySelector("table") ? "Table" : "";
    box.classList.toggle("scrolls", wide && what !== "");
    if (wide && !box.hasAttribute("tabindex")) {
      box.tabIndex = 0;
      if (what !== "Figure") box.setAttribute("role", "group");
      box.setAttribute("aria-label", `${what} scrolls sideways`.trim());
    }
  }
}

// The theme's buttons are named otherwise than what is written on them.
function nameButtons() {
  for (const button of document.querySelectorAll(".search-button-field[aria-label]")) {
    button.removeAttribute("aria-label");
  }
}

// Tables in colors: a line says pair, number and interval of a cell; a row's name sorts the columns.
// One cell is in the order of the keyboard; arrows lead to the others.
function enliven(box) {
  const table = box.querySelector("table");
  const rows = [...table.rows].map((row) => ({ row, cells: [...row.cells] }));
  const said = document.createElement("p");
  const hint = "Point at a number for its interval; a row's name sorts the columns.";
  said.textContent = hint;
  table.after(said);
  const numbers = [...table.querySelectorAll("td[title]")];
  for (const cell of numbers) {
    cell.ariaLabel = cell.title;
    cell.removeAttribute("title");
    cell.tabIndex = cell === numbers[0] ? 0 : -1;
    for (const event of ["mouseenter", "focus"]) {
      cell.addEventListener(event, () => (said.textContent = cell.ariaLabel));
    }
  }
  table.addEventListener("keydown", (event) => {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [];
    let cell = event.target;
    if (down === undefined || !cell.matches("td")) return;
    event.preventDefault();
    do cell = table.rows[cell.parentNode.rowIndex + down]?.cells[cell.cellIndex + right];
    while (cell?.matches("td:not([tabindex])"));
    if (!cell?.matches("td[tabindex]")) return;
    event.target.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  });
  // A model itself comes first, what was not measured last.
  const size = (cell) => (cell.ariaLabel ? parseFloat(cell.textContent || "Infinity") : -1);
  const buttons = rows.slice(1).map(({ cells: [head, ...cells] }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.ariaPressed = "false";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sorted = button.ariaPressed === "false";
      const order = cells.map((_, i) => i);
      if (sorted) order.sort((i, j) => size(cells[i]) - size(cells[j]));
      rows.forEach((each) => each.row.append(...order.map((i) => each.cells[i + 1])));
      buttons.forEach((other) => (other.ariaPressed = String(sorted && other === button)));
      table.classList.toggle("sorted", sorted);
      said.textContent = sorted ? `Sorted by what ${button.textContent} rebuilds best; again: as before.` : hint;
    });
    return button;
  });
}

// The viewer of structures takes 3 MB: when a reader asks for it. The page has put the arguments
// of chemiscope's loader, four for each viewer, into `viewers`.
function offerViewers() {
  const script = document.querySelector('script[type="text/on-demand"]');
  for (let start = 0; script && start < (window.viewers ?? []).length; start += 4) {
    const options = window.viewers.slice(start, start + 4);
    const place = document.getElementById(options[0]);
    const button = document.createElement("button");
    button.className = "show-viewer";
    button.textContent = "Show the structures (loads 3 MB)";
    button.onclick = () => {
      button.textContent = "Loading ...";
      button.disabled = true;
      load(script.src)
        .then(() => location.protocol === "file:" && readFromDisk(options[1]))
        .then(() => loadChemiscopeSphinx(...options))
        .then(() => {
          for (const wait of [0, 1000, 4000]) setTimeout(nameControls, wait, place);
        });
    };
    place.replaceChildren(button);
  }
}

function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: address, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

// A page on a disk may not fetch the structures, but load a script that holds them.
async function readFromDisk(address) {
  await load(address.replace(/json$/, "js"));
  window.fetch = async () => new Response(window.dataset);
}

// Chemiscope names few of its controls, and makes some after a while.
function nameControls(place) {
  const names = {
    "input.chsp-info-number": "Number of the structure",
    "input.chsp-structure-slider": "Structure",
  };
  for (const host of place.querySelectorAll("*")) {
    const root = host.shadowRoot;
    if (!root) continue;
    nameControls(root);
    for (const [selector, name] of Object.entries(names)) {
      root.querySelectorAll(selector).forEach((control) => control.setAttribute("aria-label", name));
    }
    for (const button of root.querySelectorAll("button")) {
      if (!button.ariaLabel && !button.innerText.trim()) {
        button.ariaLabel = button.textContent.trim() || button.title || "Settings";
      }
    }
    root.querySelectorAll("div[aria-expanded]").forEach((toggle) => toggle.removeAttribute("aria-expanded"));
  }
}

function start() {
  nameButtons();
  offerViewers();
  document.querySelectorAll(".lumlip-heat").forEach(enliven);
  markScrolling();
  document.querySelectorAll("details").forEach((fold) => fold.addEventListener("toggle", markScrolling));
  window.addEventListener("resize", markScrolling);
}

if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", start);
} else {
  start();
}
