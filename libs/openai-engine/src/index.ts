export { ApiClient } from './api-client.ts';
export { dialects } from './dialect.ts';
export { OpenAiEngine, type OpenAiEngineOptions } from './engine.ts';
export { checkServer, type ServerExpectation, type ServerFinding } from './server-check.ts';
