#include "block/repair.hpp"

#include "block/buffered_file.hpp"
#include "block/format.hpp"
#include "block/index_reader.hpp"
#include "block/meta.hpp"

namespace tocsin::block {

Result<bool> repair_index_version(Fs& fs, const std::string& block) {
  const std::string meta_path = block + "/" + kMetaFile;
  TOCSIN_TRY(const std::string text, fs.read_file(meta_path));
  int version = 0;
  auto meta = parse_meta(text, &version);
  if (!meta) return fail(std::move(meta).error().wrap(meta_path));
  if (version == kMetaVersion) return false;

  const std::string index_path = block + "/" + kIndexFile;
  // Whether it is an index of version 2 at all, before anything is written.
  TOCSIN_TRY(const auto index, IndexReader::open(fs, index_path, true));
  const std::string repaired_path = index_path + ".repaired";
  TOCSIN_OK(fs.remove_all(repaired_path));
  {
    TOCSIN_TRY(const auto broken, fs.map(index_path));
    TOCSIN_TRY(BufferedFile repaired, BufferedFile::create(fs, repaired_path));
    TOCSIN_OK(repaired.append(broken->bytes().substr(0, kIndexHeaderBytes - 1)));
    TOCSIN_OK(repaired.append("\x02"));
    TOCSIN_OK(repaired.append(broken->bytes().substr(kIndexHeaderBytes)));
    TOCSIN_OK(repaired.finish());
  }
  TOCSIN_OK(fs.rename(repaired_path, index_path));
  TOCSIN_OK(fs.sync_directory(block));
  TOCSIN_OK(fs.write_file_atomic(meta_path, meta_json(*meta)));
  return true;
}

}  // namespace tocsin::block
