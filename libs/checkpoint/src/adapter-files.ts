import type { AdapterOptions } from '@mgrpo/algorithm';
import type { FolderWriter } from './atomic.ts';
import { encodeSafetensors, type NamedTensor } from './safetensors.ts';

/** Where a checkpoint has its adapter: a folder that PEFT's `PeftModel.from_pretrained` opens. */
export const adapterFiles = {
  config: 'adapter/adapter_config.json',
  weights: 'adapter/adapter_model.safetensors',
} as const;

/** An adapter to write. */
interface AdapterToSave {
  readonly adapter: AdapterOptions;
  /** Under PEFT's names: `base_model.model.<module>.lora_A.weight`, without the name of the adapter. */
  readonly tensors: readonly NamedTensor[];
  /** Folder of the model under it. */
  readonly baseModel: string;
}

/** Writes an adapter in PEFT's checkpoint format (its documentation, "PEFT checkpoint format"). */
export async function writeAdapterFiles(
  writer: FolderWriter,
  { adapter, tensors, baseModel }: AdapterToSave,
): Promise<void> {
  await writer.write(adapterFiles.weights, encodeSafetensors(tensors));
  await writer.writeJson(adapterFiles.config, peftConfig(adapter, baseModel));
}

/** The fields of PEFT's `LoraConfig` that say what our adapter is; those left out have PEFT's defaults. */
function peftConfig({ rank, alpha, targets }: AdapterOptions, baseModel: string) {
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: rank,
    lora_alpha: alpha,
    target_modules: targets,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    use_rslora: false,
    use_dora: false,
    inference_mode: true,
  };
}
