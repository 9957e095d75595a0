// Draws the charts of panels from the tables of numbers below them.
(() => {
  "use strict";

  const draw = (box) => {
    const table = box.parentElement.querySelector("table");
    const [, ...names] = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
    const style = getComputedStyle(document.documentElement);
    const colours = ["primary", "green", "orange", "purple", "cyan"].map((name) => style.getPropertyValue(`--tblr-${name}`));
    const text = style.getPropertyValue("--tblr-body-color");
    const chart = new Chart(box.querySelector("canvas"), {
      type: box.dataset.chart,
      data: {
        labels: rows.map((row) => row[0]),
        datasets: names.map((name, place) => ({
          label: name,
          data: rows.map((row) => Number(row[place + 1])),
          borderColor: colours[place % colours.length],
          backgroundColor: colours[place % colours.length],
          tension: 0.3,
        })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        color: text,
        scales: { x: { ticks: { color: text } }, y: { beginAtZero: true, ticks: { color: text, precision: 0 } } },
        plugins: { legend: { display: names.length > 1, labels: { color: text } } },
      },
    });
    return chart;
  };

  document.addEventListener("DOMContentLoaded", () => {
    let charts = [...document.querySelectorAll("[data-chart]")].map(draw);
    new MutationObserver(() => {
      charts.forEach((chart) => chart.destroy());
      charts = [...document.querySelectorAll("[data-chart]")].map(draw);
    }).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  });
})();
