// A stacked bar chart of a table on the same page, in a bundle of its own: only pages with charts load it.
//   <section data-chart="#table" data-label="…" data-word-chart="Chart" data-word-table="Table">
//     <div class="chart" data-chart-canvas hidden></div> <div id="table"><table> th[data-series=colour] … tr[data-bar]
// The table is what counts: without script it stands alone, with it a switch shows one or the other.
import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { all, make, one } from "./core";

echarts.use([BarChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const COLOURS: Record<string, string> = {
  open: "--s-blue",
  closed: "--s-green",
  returned: "--s-orange",
  overdue: "--s-red",
  submitted: "--s-violet",
};

interface Read {
  names: string[];
  series: { name: string; colour: string; values: number[] }[];
}

function shade(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function words(element: Element | null | undefined): string {
  return (element?.textContent ?? "").trim();
}

function read(table: HTMLElement): Read {
  const heads = all(table, "thead th");
  const rows = all(table, "tr[data-bar]");
  const series = heads.flatMap((head, column) => {
    if (!head.dataset.series) return [];
    const values = rows.map((row) => Number(words(row.children[column]).replace(/\D/g, "")));
    return [{ name: words(head), colour: COLOURS[head.dataset.series] ?? "--s-grey", values }];
  });
  return { names: rows.map((row) => words(row.children[0])), series };
}

function options({ names, series }: Read, label: string): echarts.EChartsCoreOption {
  const ink = shade("--ink");
  return {
    animation: false,
    aria: { enabled: true, label: { description: label }, decal: { show: true } },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
    legend: { top: 0, textStyle: { color: ink } },
    grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
    xAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: shade("--line") } } },
    yAxis: { type: "category", inverse: true, data: names, axisLabel: { color: ink }, axisTick: { show: false } },
    series: series.map(({ name, colour, values }) => ({
      name,
      type: "bar",
      stack: "all",
      barMaxWidth: 22,
      data: values,
      itemStyle: { color: shade(colour) },
    })),
  };
}

function setUp(section: HTMLElement): void {
  const table = one(document, section.dataset.chart ?? "");
  const canvas = one(section, "[data-chart-canvas]");
  if (!table || !canvas) return;
  const found = read(table);
  if (!found.names.length) return;
  const label = section.dataset.label ?? "";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.style.height = `${64 + found.names.length * 34}px`;
  const button = make("button", "btn btn-sm btn-outline-secondary no-print");
  button.type = "button";
  section.insertBefore(button, canvas);

  let chart: echarts.ECharts | undefined;
  const show = (asChart: boolean): void => {
    canvas.hidden = !asChart;
    table.hidden = asChart;
    button.textContent = (asChart ? section.dataset.wordTable : section.dataset.wordChart) ?? "";
    if (!asChart) return;
    chart ??= echarts.init(canvas, undefined, { renderer: "canvas" });
    chart.setOption(options(found, label), true);
    chart.resize();
  };
  button.addEventListener("click", () => show(canvas.hidden));
  window.addEventListener("resize", () => chart?.resize());
  new MutationObserver(() => chart?.setOption(options(found, label), true)).observe(document.documentElement, {
    attributeFilter: ["data-theme", "data-bs-theme"],
  });
  window.addEventListener("beforeprint", () => show(false));
  show(true);
}

for (const section of all(document, "[data-chart]")) setUp(section);
