-- Each certificate's place in the signed status lists that tell wallets of revocations.

ALTER TABLE certificates ADD COLUMN status_index INTEGER;
CREATE UNIQUE INDEX certificates_status ON certificates (status_index);
CREATE TRIGGER certificates_numbered AFTER INSERT ON certificates BEGIN
  UPDATE certificates SET status_index = (SELECT ifnull(max(status_index), -1) + 1 FROM certificates)
  WHERE code = new.code;
END;
