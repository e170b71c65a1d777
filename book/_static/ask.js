// Two pickers, on the front page and the atlas: what was measured between two models, both ways.
// The numbers stand in the page itself (#ask-data), so this works without a network.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("ask");
  const data = document.getElementById("ask-data");
  if (!place || !data) return;
  const lists = JSON.parse(data.textContent);
  const make = (tag, text) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const picker = (name) => {
    const label = make("label", `${name} `);
    const select = make("select");
    label.append(select);
    place.append(label);
    return select;
  };
  const first = picker("Model");
  const second = picker("and");
  const shown = make("div");
  shown.setAttribute("aria-live", "polite");
  place.append(shown);

  lists.forEach((list, i) => {
    const group = make("optgroup");
    group.label = list.title;
    list.models.forEach((model, j) => {
      const option = make("option", model);
      option.value = `${i} ${j}`;
      group.append(option);
    });
    first.append(group);
  });
  const chosen = () => first.value.split(" ").map(Number);

  // The second model comes from the list of the first: only these were compared.
  const others = () => {
    const [i, j] = chosen();
    const before = second.selectedOptions[0]?.textContent;
    second.replaceChildren();
    lists[i].models.forEach((model, k) => {
      if (k === j) return;
      const option = make("option", model);
      option.value = k;
      option.selected = model === before;
      second.append(option);
    });
  };
  const written = (cell, unit) => {
    if (!cell) return "not measured";
    const [value, low, high] = cell;
    if (low === undefined) return `${value}${unit}`;
    return `${value}${unit} (${low <= -100 ? "below −100" : low} to ${high})`;
  };
  const show = () => {
    const [i, j] = chosen();
    const k = Number(second.value);
    const { models, layers, of = "share recovered", unit = " %", alike = [] } = lists[i];
    const table = make("table");
    table.className = "table";
    const head = make("tr");
    head.append(make("th", of));
    const ways = [[j, k], [k, j]];
    ways.forEach(([a, b]) => head.append(make("th", `${models[a]} → ${models[b]}`)));
    table.append(make("thead"), make("tbody"));
    table.tHead.append(head);
    Object.entries(layers).forEach(([name, cells]) => {
      const row = make("tr");
      row.append(make("th", name));
      // What has no direction stands once, below both heads.
      const told = alike.includes(name) ? [[Math.min(j, k), Math.max(j, k)]] : ways;
      told.forEach(([a, b]) => row.append(make("td", written(cells[a][b], unit))));
      if (told.length === 1) row.lastChild.colSpan = 2;
      table.tBodies[0].append(row);
    });
    table.querySelectorAll("th").forEach((cell) => {
      cell.scope = cell.closest("thead") ? "col" : "row";
    });
    shown.replaceChildren(table);
  };
  first.addEventListener("change", () => { others(); show(); });
  second.addEventListener("change", show);
  others();
  // Open with two families, not with two variants of one.
  const far = lists[0].models.length - 1;
  if (far > 0) second.value = far;
  show();
});
