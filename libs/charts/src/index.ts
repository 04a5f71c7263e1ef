export { type Axis, type AxisRange, linearAxis, scale, tickText } from './axis.ts';
export { type Drawing, inlineSvg, type LegendEntry, svgFile } from './drawing.ts';
export { escapeHtml } from './escape-html.ts';
export { areaLook, figureStyle, lineLook } from './figure-style.ts';
export { type HeatCell, type HeatSide, heatMap } from './heat-map.ts';
export { type BandPoint, type ChartLine, type LineChart, lineChart } from './line-chart.ts';
export { type StackLayer, stackedChart } from './stacked-chart.ts';
